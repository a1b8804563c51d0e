import { isIPv6, type Address } from '../../parsers/address.ts'
import type { TargetCommands } from './target.ts'

/** What is run for an address when its door opens and when it closes; undefined: nothing. */
export interface Commands {
  readonly start: string | undefined
  readonly stop: string | undefined
}

/** As in knockd: IPv4's commands serve IPv6 where it has none of its own, an empty one is none, and without a start there is no stop. */
export function chooseCommands(commands: Pick<TargetCommands, 'start' | 'stop' | 'start6' | 'stop6'>, address: Address): Commands {
  const own = isIPv6(address) ? { start: commands.start6, stop: commands.stop6 } : undefined
  const start = own?.start ?? commands.start
  const stop = own?.stop ?? commands.stop
  return start ? { start, stop: stop || undefined } : { start: undefined, stop: undefined }
}
