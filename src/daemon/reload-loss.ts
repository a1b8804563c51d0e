import type { Config } from '../config/config.ts'
import { plannedTargets } from '../firewalls/targets.ts'

/** What a shorter file would take away: such a file is more likely cut than meant. Undefined: nothing of weight. */
export function lossOf(before: Config, after: Config): string | undefined {
  if (after.rules.length === 0 && before.rules.length > 0) return `it has no rule any more: ${FORCE}`
  const lists = after.alwaysAllow.map(({ text }) => text)
  const gone = before.alwaysAllow.find(({ text }) => !lists.includes(text))
  if (gone) return `always_allow ${gone.text} is gone: ${FORCE}`
  const firewalls = new Set([...plannedTargets(after).values()].map(({ target }) => target.firewall))
  const lost = [...plannedTargets(before).values()].find(({ target }) => !firewalls.has(target.firewall))
  return lost && `nothing uses the firewall ${lost.target.firewall} any more: ${FORCE}`
}

const FORCE = 'knocktail reload --force, or a restart, if this is meant'

/** The keys that a running daemon has made what it is of. */
const NAMES = { stateDir: 'state_dir', user: 'user', log: 'log', historySize: 'history_size', historyKeep: 'history_keep', runDir: 'run_dir', metricsFile: 'metrics_file', metricsPort: 'metrics_port' } as const

/** The first key that differs and takes effect only at a restart. */
export function fixedKey(before: Config, after: Config): string | undefined {
  const fixed = (Object.keys(NAMES) as (keyof typeof NAMES)[]).find((name) => before[name] !== after[name])
  return fixed && `${NAMES[fixed]} takes effect only at a restart`
}
