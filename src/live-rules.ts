import type { Network } from '../parsers/network.ts'
import { inTurn, type Used } from '../rules/one-time.ts'
import type { Config, DoorRule } from './config/config.ts'

/**
 * A configuration for the daemon: knocks must be on this host's own addresses where nothing else is configured, and rules that
 * did not change since `before` are the same objects, so that attempts at them go on. One-time sequences in `used` are not valid.
 */
export function liveRules(config: Config, { own, used }: { readonly own: Network; readonly used: Used }, before?: Config): Config {
  const earlier = new Map(before?.rules.map((door) => [door.match.name, door]))
  const rules = config.rules.map((door): DoorRule => {
    const same = earlier.get(door.match.name)
    if (same?.text === door.text) return { ...door, match: same.match }
    const match = { ...door.match, ...(isOneTime(door) && inTurn(door.sequences, used)) }
    if (door.target !== 'own') return { ...door, match }
    return { ...door, match: { ...match, limits: { ...match.limits, own } } }
  })
  return { ...config, rules }
}

export function isOneTime({ sequences }: Pick<DoorRule, 'sequences'>): boolean {
  return sequences[0]?.once !== undefined
}
