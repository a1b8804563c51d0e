import type { Address } from '../../parsers/address.ts'
import type { TargetCommands } from './target.ts'

/** What is run for an address when its door opens and when it closes; undefined: nothing. */
export interface Commands {
  readonly start: string | undefined
  readonly stop: string | undefined
}

/** As in knockd: IPv4's commands serve IPv6 where it has none of its own, an empty one is none, and without a start there is no stop. */
export function chooseCommands(commands: Pick<TargetCommands, 'start' | 'stop' | 'start6' | 'stop6'>, address: Address): Commands {
  const isIPv6 = address.includes(':')
  const start = (isIPv6 ? commands.start6 : undefined) ?? commands.start
  const stop = (isIPv6 ? commands.stop6 : undefined) ?? commands.stop
  return start ? { start, stop: stop || undefined } : { start: undefined, stop: undefined }
}
