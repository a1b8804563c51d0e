import type { DoorRule } from './config/config.ts'
import { formatDuration } from './config/duration.ts'
import { SHARE_OF_NETWORK } from './guard/lockouts.ts'

type Row = readonly [label: string, text: string | undefined]

/** What a rule bears, for `check`. */
export function guardRows({ match, guard }: DoorRule): Row[] {
  const { maxFailures, maxRuleFailures, trapPorts, maxOpens, maxGrants, coolDown } = guard
  const ports = trapPorts.map(({ port, proto }) => `${port}/${proto}`)
  return [
    ['deaf', match.secret ? 'to nobody: it proves a secret' : listed([
      maxFailures > 0 && `to who fails ${maxFailures} times within ${formatDuration(guard.failureWindow)} (an IPv6 /48: ${SHARE_OF_NETWORK * maxFailures})`,
      maxRuleFailures > 0 && `to all after ${maxRuleFailures} failures`,
    ], (text) => `${text}, for ${formatDuration(guard.lockout)}`)],
    ['traps', match.secret || ports.length === 0 ? undefined : ports.join(', ')],
    ['caps', listed([maxOpens > 0 && `${maxOpens} opens a minute`, maxGrants > 0 && `${maxGrants} grants at a time`])],
    ['cools', coolDown === 0 ? undefined : `${formatDuration(coolDown)} after a match`],
  ]
}

function listed(parts: readonly (string | false)[], tell = (text: string): string => text): string | undefined {
  const told = parts.filter((part) => part !== false)
  return told.length === 0 ? undefined : tell(told.join('; '))
}
