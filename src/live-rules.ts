import type { Network } from '../parsers/network.ts'
import type { Config, DoorRule } from './config/config.ts'

/**
 * A configuration for the daemon: knocks must be on this host's own addresses where nothing else is configured, and rules that
 * did not change since `before` are the same objects, so that attempts at them go on.
 */
export function liveRules(config: Config, own: Network, before?: Config): Config {
  const earlier = new Map(before?.rules.map((door) => [door.match.name, door]))
  const rules = config.rules.map((door): DoorRule => {
    const same = earlier.get(door.match.name)
    if (same?.text === door.text) return { ...door, match: same.match }
    if (door.target !== 'own') return door
    return { ...door, match: { ...door.match, limits: { ...door.match.limits, own } } }
  })
  return { ...config, rules }
}
