import { formatTime, type Micros } from '../../parsers/time.ts'
import { lastTimeStepAt, startOfTimeStep } from '../../rules/derive/time-step.ts'
import { unusedOf } from '../../rules/one-time.ts'
import type { Spent } from '../../rules/spent.ts'
import type { Config, DoorRule, OneTimeList } from '../config/config.ts'
import { isTimeBased } from '../config/guessing.ts'
import { KnocktailError } from '../error.ts'
import { plannedTargets, type PlannedTarget } from '../firewalls/targets.ts'
import type { Helper } from '../front/helper.ts'
import type { LogEvent } from '../log/event.ts'
import type { Log } from '../log/log.ts'

/**
 * At the very first start nobody can say whose addresses stand in a pf table: entries bear no marks. `adopt` says what becomes of
 * them; without it we do not begin. Throws a KnocktailError.
 */
export async function settleTables(config: Config, helper: Pick<Helper, 'list' | 'remove'>): Promise<void> {
  for (const planned of plannedTargets(config).values()) {
    if (planned.target.firewall === 'pf') await settleTable(planned, helper)
  }
}

async function settleTable({ id, target }: PlannedTarget, helper: Pick<Helper, 'list' | 'remove'>): Promise<void> {
  const listing = await helper.list(id)
  if (listing.kind === 'failed' || listing.entries.length === 0) return
  const [adopt] = target.settings['adopt'] ?? []
  const addresses = listing.entries.map(({ address }) => address)
  if (adopt === 'keep') return
  if (adopt === 'delete') return void (await helper.remove(id, addresses))
  const table = target.settings['table']?.join(' ')
  throw new KnocktailError('failed', `table <${table}> is not empty (${addresses.slice(0, 3).join(', ')}${addresses.length > 3 ? ' ...' : ''}), and this is the first start: `
    + 'set adopt = keep in [firewall pf] to leave those addresses alone for ever, or adopt = delete to remove them')
}

/** A list that could not be written to, or was put back from a backup, knows less than the ledger that is gone. */
export function tellForgetful({ rules }: Config, log: Log): void {
  for (const { match } of rules.filter(({ kind }) => kind === 'one-time')) {
    const text = `rule ${match.name}: there was no ledger, so only the one-time sequences that are crossed out in its list count as used`
    log.write({ level: 'warn', event: 'one-time-unknown', text, facts: { rule: match.name } })
  }
}

/** Without a ledger the first codes are refused, which whoever tries them should not have to find out. */
export function tellDeaf({ rules }: Config, begun: Micros, log: Log): void {
  const until = formatTime(startOfTimeStep(lastTimeStepAt(begun) + 1)).slice(11, 19)
  for (const { match } of rules.filter(({ kind }) => isTimeBased(kind))) {
    const text = `rule ${match.name}: there was no ledger, so what may have been used before opens nothing: codes, ports and tokens of the time from ${until} UTC on do`
    log.write({ level: 'warn', event: 'time-based-wait', text, facts: { rule: match.name } })
  }
}

/** Tells while there is still one to come in by. */
export function tellFew({ rules }: Config, spent: Spent, log: Log): void {
  for (const door of rules) for (const list of door.lists) if (isLow(door, list, spent)) log.write(fewLeft(door, list, spent))
}

/** Whether it is time to add some to a list. */
export function isLow({ warnBelow }: DoorRule, { sequences }: OneTimeList, spent: Spent): boolean {
  return unusedOf(sequences, spent).length < warnBelow
}

export function fewLeft({ match: { name } }: DoorRule, { user, sequences }: OneTimeList, spent: Spent): LogEvent {
  const left = unusedOf(sequences, spent).length
  const whose = user === undefined ? 'its list' : `the list of ${user}`
  const text = `rule ${name}: ${left === 0 ? 'no' : `only ${left}`} unused one-time sequences are left: add some to ${whose}`
  return { level: left === 0 ? 'error' : 'warn', event: 'one-time-low', text, facts: { rule: name, left, ...(user !== undefined && { user }) } }
}
