import type { Address } from '../../parsers/address.ts'
import type { Opening } from '../config/config.ts'

/** What is run for an address when its door opens and when it closes; undefined: nothing. */
export interface Commands {
  readonly start: string | undefined
  readonly stop: string | undefined
}

/** As in knockd: IPv4's commands serve IPv6 where it has none of its own, an empty one is none, and without a start there is no stop. */
export function commandsFor({ startCommand, startCommand6, stopCommand, stopCommand6 }: Opening, address: Address): Commands {
  const isIPv6 = address.includes(':')
  const start = (isIPv6 ? startCommand6 : undefined) ?? startCommand
  const stop = (isIPv6 ? stopCommand6 : undefined) ?? stopCommand
  return start ? { start, stop: stop || undefined } : { start: undefined, stop: undefined }
}
