import type { Clocks } from '../clocks.ts'
import type { LogEvent } from '../log/event.ts'
import { MINUTE, HOUR, type Micros } from '../../parsers/time.ts'

/** Something that was told and still holds. */
export interface Condition {
  readonly name: string
  /** wrong: the daemon does not do what it should, or will not be able to; so the health check fails. note: worth knowing. */
  readonly weight: 'wrong' | 'note'
  readonly text: string
  /** What to do about it. */
  readonly advice: string
  /** When it began. */
  readonly since: Micros
  readonly facts: LogEvent['facts']
}

interface Row {
  readonly weight: Condition['weight']
  readonly advice: string
  /** The facts that tell one from another. */
  readonly by?: readonly string[]
  /** It is over when it was not told again for so long. */
  readonly lasts?: Micros
}

const KEY_FACTS = ['place', 'address']
/** What fails is tried again after a minute at the most, and a command may take another one and a half. */
const RETRIED = (4 * MINUTE) as Micros
const RESTART = 'restart it; its service manager should do so by itself'

/** Events of the log that begin a condition. */
const BEGIN: Readonly<Record<string, Row>> = {
  'source-suspended': { weight: 'wrong', by: ['source'], advice: 'no knock is heard through it: mend what it says, it is tried again by itself' },
  'source-quiet': { weight: 'wrong', by: ['source'], advice: 'see that the firewall still logs, with that prefix, and that the log is still written' },
  'canary-missing': { weight: 'wrong', by: ['source'], advice: 'a rule that accepts lo before the LOG rule hides it: log the canary before that rule, or set canary = no; under systemd it needs the drop-in canary.conf' },
  'ledger-refused': { weight: 'wrong', advice: 'see that state_dir can be written: df -h, df -i, mount' },
  'positions-refused': { weight: 'wrong', advice: 'see that state_dir can be written: df -h, df -i, mount' },
  'history-refused': { weight: 'note', advice: 'see that state_dir can be written: df -h, df -i, mount' },
  'firewall-failed': { weight: 'wrong', by: KEY_FACTS, lasts: RETRIED, advice: 'mend what it says; it is tried again by itself; knocktail reconcile tries at once' },
  'finding-error': { weight: 'wrong', by: ['firewall', 'message'], advice: 'do as it says; knocktail reconcile looks again at once' },
  'finding': { weight: 'note', by: ['firewall', 'message'], advice: 'do as it says, if it was not meant so' },
  'unserved': { weight: 'wrong', by: KEY_FACTS, lasts: HOUR, advice: 'the firewall has no place for such an address: add one, for instance set6 for IPv6' },
  'list-refused': { weight: 'note', by: ['rule'], advice: 'see that the list can be written by root; do not empty state_dir meanwhile' },
  'hook-failed': { weight: 'note', lasts: HOUR, advice: 'mend the command of on_event' },
  'config-unreadable': { weight: 'note', advice: 'until then only a restart loads a changed configuration' },
  'ledger-damaged': { weight: 'note', advice: 'nothing is known of before: look at the firewall for entries that were left open' },
  'helper-ended': { weight: 'wrong', advice: RESTART },
  'config-refused': { weight: 'wrong', advice: 'knocktail check tells what is wrong with the file: mend it before the next restart, which would fail' },
  'config-changed': { weight: 'note', advice: 'knocktail reload loads it' },
  'opening-paused': { weight: 'wrong', by: ['rule'], advice: 'knocktail resume ends it' },
  'one-time-low': { weight: 'note', by: ['rule'], advice: 'add sequences to its list' },
  'time-based-wait': { weight: 'note', by: ['rule'], lasts: MINUTE, advice: 'wait until then; it is so only after a start without a ledger' },
  'metrics-refused': { weight: 'note', by: ['where'], advice: 'see that its folder can be written by the daemon, or that the port is free' },
  'source-lost': { weight: 'note', by: ['source'], lasts: HOUR, advice: 'knocks may have been among them; a flood of lines does that' },
  'source-stale': { weight: 'note', by: ['source'], lasts: HOUR, advice: 'set timezone in the source, or the clock of whoever writes it' },
  'source-forgeable': { weight: 'note', by: ['source', 'text'], advice: 'whoever can do that can knock for any address' },
}

/** Events that end conditions of these names. */
const END: Readonly<Record<string, readonly string[]>> = {
  'source-running': ['source-suspended'],
  'source-heard': ['source-quiet'],
  'canary-seen': ['canary-missing'],
  'ledger-recovered': ['ledger-refused'],
  'positions-recovered': ['positions-refused'],
  'history-recovered': ['history-refused'],
  'opened': ['firewall-failed'], 'renewed': ['firewall-failed'], 'closed': ['firewall-failed'], 'foreign': ['firewall-failed'], 'unserved': ['firewall-failed'],
  'finding-gone': ['finding', 'finding-error'],
  'list-recovered': ['list-refused'],
  'metrics-recovered': ['metrics-refused'],
  'helper-restarted': ['helper-ended'],
  'config-loaded': ['config-refused', 'config-changed'], 'config-same': ['config-refused', 'config-changed'],
  'resumed': ['opening-paused'],
  'config-changed': ['config-refused'],
}

/** What some events are, when they are told as errors. */
const AS_ERROR: Readonly<Record<string, string>> = { 'finding': 'finding-error', 'config-changed': 'config-refused' }

/** More than this are not kept, the newest first: what goes wrong for everybody is the same for all. */
const MOST = 1000

/** What stands of all that was told: the memory of `status`. */
export class Conditions {
  readonly #clocks: Pick<Clocks, 'wall' | 'boot'>
  readonly #standing = new Map<string, { readonly condition: Condition; readonly told: Micros; readonly lasts: Micros | undefined }>()

  constructor(clocks: Pick<Clocks, 'wall' | 'boot'>) {
    this.#clocks = clocks
  }

  readonly see = (event: LogEvent): void => {
    for (const name of END[event.event] ?? []) this.#standing.delete(keyOf(name, event))
    const name = (event.level === 'error' ? AS_ERROR[event.event] : undefined) ?? event.event
    const row = BEGIN[name]
    if (row && isTried(event)) this.#begin(name, row, event)
  }

  /** Those that hold now, what is wrong first. */
  all(): Condition[] {
    const now = this.#clocks.boot()
    for (const [key, { told, lasts }] of this.#standing) if (lasts !== undefined && now - told > lasts) this.#standing.delete(key)
    const conditions = [...this.#standing.values()].map(({ condition }) => condition)
    return [...conditions.filter(({ weight }) => weight === 'wrong'), ...conditions.filter(({ weight }) => weight === 'note')]
  }

  #begin(name: string, { weight, advice, lasts }: Row, event: LogEvent): void {
    const key = keyOf(name, event)
    const since = this.#standing.get(key)?.condition.since ?? this.#clocks.wall()
    this.#standing.delete(key)
    this.#standing.set(key, { condition: { name, weight, text: event.text, advice, since, facts: event.facts }, told: this.#clocks.boot(), lasts })
    if (this.#standing.size > MOST) this.#standing.delete(this.#standing.keys().next().value!)
  }
}

/** What failed for good is over: nothing is left undone that will be tried. */
function isTried({ event, facts }: LogEvent): boolean {
  return event !== 'firewall-failed' || facts['retryMs'] !== undefined
}

function keyOf(name: string, { text, facts }: LogEvent): string {
  return JSON.stringify([name, ...(BEGIN[name]?.by ?? []).map((fact) => (fact === 'text' ? text : facts[fact]))])
}
