import type { Network } from '../parsers/network.ts'
import { unusedOf } from '../rules/one-time.ts'
import type { Spent } from '../rules/spent.ts'
import type { Config, DoorRule } from './config/config.ts'

/**
 * A configuration for the daemon: knocks must be on this host's own addresses where nothing else is configured, and rules that
 * did not change since `before` are the same objects, so that attempts at them go on. What is in `spent` is not valid any more.
 */
export function liveRules(config: Config, { own, spent }: { readonly own: Network; readonly spent: Spent }, before?: Config): Config {
  const earlier = new Map(before?.rules.map((door) => [door.match.name, door]))
  const rules = config.rules.map((door): DoorRule => {
    const same = earlier.get(door.match.name)
    if (same?.text === door.text && isSame(same, door, spent)) return { ...door, match: same.match }
    const match = { ...door.match, ...door.given(spent) }
    if (door.target !== 'own') return { ...door, match }
    return { ...door, match: { ...match, limits: { ...match.limits, own } } }
  })
  return { ...config, rules }
}

/** Whether two readings of a rule's lists have the same left: what was used in between may be crossed out in the later one. */
function isSame(before: DoorRule, now: DoorRule, spent: Spent): boolean {
  const left = ({ lists }: DoorRule): string => JSON.stringify(lists.map(({ sequences }) => unusedOf(sequences, spent).map(({ spend }) => spend)))
  return left(before) === left(now)
}
