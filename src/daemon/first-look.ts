import type { Config } from '../config/config.ts'
import { KnocktailError } from '../error.ts'
import type { Finding } from '../firewalls/firewall.ts'
import { plannedTargets, type PlannedTarget } from '../firewalls/targets.ts'
import type { Helper } from '../front/helper.ts'
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

/** Tells what keeps the firewalls of a configuration from working on this machine. */
export async function tellFindings(config: Config, helper: Pick<Helper, 'check'>, log: Log): Promise<void> {
  for (const { id, target, rules } of plannedTargets(config).values()) {
    for (const finding of await helper.check(id)) tellFinding(finding, target.firewall, rules, log)
  }
}

function tellFinding({ severity, message }: Finding, firewall: string, rules: readonly string[], log: Log): void {
  log.write({ level: severity === 'error' ? 'error' : 'warn', event: 'finding', text: `firewall ${firewall} (${rules.join(', ')}): ${message}`, facts: { firewall } })
}

/** Lists are not written to yet: what was used is known only as long as we run. */
export function tellForgetful({ rules }: Config, log: Log): void {
  for (const { match, sequences } of rules) {
    if (!sequences.some(({ id }) => id !== 'static')) continue
    const text = `rule ${match.name}: which one-time sequences were used is forgotten at a restart: take them out of the list by hand`
    log.write({ level: 'warn', event: 'one-time-forgotten', text, facts: { rule: match.name } })
  }
}
