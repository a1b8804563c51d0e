import type { Config, DoorRule } from '../config/config.ts'
import { targetId, type Target } from '../firewalls/target.ts'
import { targetsOf } from '../firewalls/targets.ts'
import { refusal } from '../grants/admission.ts'
import type { Grant } from '../grants/grants.ts'

/** Whether that configuration would open the same for a grant's address: its rule is there, opens the same, and the address and the user may. */
export function opensStill(config: Config): (grant: Grant) => boolean {
  const doors = new Map(config.rules.map((door) => [door.match.name, door]))
  const known = new Map<string, string>()
  const idsOf = (door: DoorRule, user: string | undefined): string => {
    const name = `${door.match.name} ${user ?? ''}`
    const ids = known.get(name) ?? idsText(targetsOf(door, config, user))
    known.set(name, ids)
    return ids
  }
  return ({ rule, user, address, targets }) => {
    const door = doors.get(rule)
    if (!door || door.opens.observe || config.mode === 'observe' || refusal(address, config)) return false
    if (user !== undefined && !door.users.includes(user)) return false
    return idsOf(door, user) === idsText(targets)
  }
}

function idsText(targets: readonly Target[]): string {
  return targets.map(targetId).toSorted().join()
}
