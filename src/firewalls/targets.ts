import type { Config, DoorRule, OpenPort } from '../config/config.ts'
import type { FirewallName } from '../config/firewalls.ts'
import { targetId, type Target, type TargetId } from './target.ts'

/** A target that rules of a configuration open. */
export interface PlannedTarget {
  readonly id: TargetId
  readonly target: Target
  /** The rules that open it, for the comment of an entry. */
  readonly rules: readonly string[]
  /** No entry may be asked to last longer: the longest max_open of its rules. */
  readonly maxSeconds: number
}

/** Firewalls whose entries open one port each; in the others an address comes in by all that the admin's rule lets it. */
const BY_PORT: ReadonlySet<FirewallName> = new Set(['ufw', 'iptables', 'firewalld'])

/** Where one rule's grants make entries: those of that user, where it is opened by users. */
export function targetsOf(door: DoorRule, config: Pick<Config, 'firewall' | 'firewalls'>, user: string | undefined): Target[] {
  const name = door.opens.firewall ?? config.firewall
  const isCommand = name === 'command' || door.opens.ports.length === 0
  return [
    ...(name === undefined || isCommand ? [] : portTargets(name, door, config)),
    ...commandTargets(door, user),
  ]
}

function portTargets(firewall: FirewallName, door: DoorRule, { firewalls }: Pick<Config, 'firewalls'>): Target[] {
  const settings = firewalls.find((section) => section.name === firewall)?.settings ?? {}
  const isByPort = BY_PORT.has(firewall) || (settings['elements']?.length ?? 1) > 1
  const { ports } = door.opens
  return isByPort ? ports.map((port) => ({ firewall, settings, port })) : [{ firewall, settings, ports: ports.toSorted(byNumber) }]
}

/** Equal ports in another order are the same target. */
function byNumber(one: OpenPort, other: OpenPort): number {
  return one.port - other.port || (one.proto < other.proto ? -1 : 1)
}

function commandTargets({ match, opens }: DoorRule, user: string | undefined): Target[] {
  if (!opens.startCommand && !opens.startCommand6) return []
  const port = opens.ports[0]
  const commands = {
    start: opens.startCommand ?? '',
    ...(opens.stopCommand !== undefined && { stop: opens.stopCommand }),
    ...(opens.startCommand6 !== undefined && { start6: opens.startCommand6 }),
    ...(opens.stopCommand6 !== undefined && { stop6: opens.stopCommand6 }),
    ...(port && { port }),
  }
  return [{ firewall: 'command', settings: {}, rule: match.name, ...(user !== undefined && { user }), commands }]
}

function allTargetsOf(door: DoorRule, config: Pick<Config, 'firewall' | 'firewalls'>): Target[] {
  const users = door.users.length === 0 ? [undefined] : door.users
  return users.flatMap((user) => targetsOf(door, config, user))
}

/** Every target of a configuration, each once. */
export function plannedTargets(config: Pick<Config, 'firewall' | 'firewalls' | 'rules'>): Map<TargetId, PlannedTarget> {
  const planned = new Map<TargetId, PlannedTarget>()
  for (const door of config.rules) {
    for (const target of allTargetsOf(door, config)) {
      const id = targetId(target)
      const before = planned.get(id)
      const maxSeconds = Math.max(before?.maxSeconds ?? 1, Math.ceil(door.opens.maxOpen / 1e6))
      planned.set(id, { id, target, rules: [...new Set([...(before?.rules ?? []), door.match.name])], maxSeconds })
    }
  }
  return planned
}
