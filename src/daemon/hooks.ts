import { whyFailed } from '../firewalls/outcome.ts'
import type { Runner } from '../firewalls/run.ts'
import type { LogEvent } from '../log/event.ts'
import { printable } from '../printable.ts'

/** What an admin wants to be told of by other means than the log. */
const TOLD: ReadonlySet<string> = new Set([
  'open', 'close', 'failure', 'scan', 'refused', 'lockout', 'trapped', 'scanner', 'capped',
  'source-suspended', 'source-lost', 'source-quiet', 'canary-missing', 'finding', 'vanished', 'restored', 'firewall-failed', 'helper-ended', 'ledger-refused', 'list-refused', 'one-time-low', 'stuck',
])

/** Facts that are canonical text of something parsed. What was knocked instead, or what a program complained, is not for a command. */
const FACTS = ['rule', 'user', 'address', 'network', 'at', 'until', 'by', 'step', 'steps', 'source', 'lines', 'firewall', 'left'] as const

const LIMIT_MS = 10_000
const MOST_WAITING = 64

export interface HookParts {
  readonly run: Runner
  readonly told: (event: LogEvent) => void
  /** The words of on_event. Undefined: there is none. */
  readonly command: () => readonly string[] | undefined
}

/**
 * Runs `on_event` for what is told: one at a time, with no shell, for at most 10 s, by the process without rights. Whatever it does, nothing waits for it:
 * of what comes meanwhile, so many are kept, and the rest is counted.
 */
export class Hooks {
  readonly #parts: HookParts
  readonly #waiting: LogEvent[] = []
  #isRunning = false
  #dropped = 0

  constructor(parts: HookParts) {
    this.#parts = parts
  }

  offer(event: LogEvent): void {
    if (!TOLD.has(event.event) || this.#parts.command() === undefined) return
    if (this.#waiting.length >= MOST_WAITING) this.#drop(event)
    else this.#waiting.push(event)
    if (!this.#isRunning) void this.#drain()
  }

  #drop({ event }: LogEvent): void {
    if (this.#dropped++ > 0) return
    this.#parts.told({ level: 'warn', event: 'hook-dropped', text: `on_event: more happens than its command can be told, first ${event}`, facts: {} })
  }

  async #drain(): Promise<void> {
    this.#isRunning = true
    for (let event = this.#waiting.shift(); event; event = this.#waiting.shift()) await this.#tell(event)
    this.#isRunning = false
    if (this.#dropped === 0) return
    this.#parts.told({ level: 'warn', event: 'hook-dropped', text: `on_event: its command was not told of ${this.#dropped} events`, facts: { dropped: this.#dropped } })
    this.#dropped = 0
  }

  async #tell(event: LogEvent): Promise<void> {
    const { run, told, command } = this.#parts
    const [program, ...args] = command() ?? []
    if (program === undefined) return
    const ran = await run({ program, args, env: environmentOf(event), timeLimitMs: LIMIT_MS, onTimeLimit: 'group' })
    if (ran.code === 0 && !ran.timedOut) return
    told({ level: 'warn', event: 'hook-failed', text: `on_event, for ${event.event}: ${whyFailed(program, ran)}`, facts: {} })
  }
}

function environmentOf({ event, level, facts }: LogEvent): Record<string, string> {
  const known = FACTS.flatMap((name) => (facts[name] === undefined ? [] : [[variable(name), printable(String(facts[name]))] as const]))
  return Object.fromEntries([['KNOCKTAIL_EVENT', event], ['KNOCKTAIL_LEVEL', level], ...known])
}

/** The address has the name that it has for start_command. */
function variable(fact: (typeof FACTS)[number]): string {
  return `KNOCKTAIL_${fact === 'address' ? 'IP' : fact.toUpperCase()}`
}
