import type { Network } from '../../../parsers/network.ts'

/** How many packets of one address are logged: more than any sequence has. */
export const PER_SECOND = 10
export const BURST = 20

export function isIPv4({ text }: Network): boolean {
  return !text.includes(':')
}
