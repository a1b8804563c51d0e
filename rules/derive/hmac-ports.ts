import { parsePort, type Port } from '../../parsers/event.ts'
import { macBlock, type Binding } from './mac.ts'
import type { Secret } from './secret.ts'

/** From which ports a sequence is drawn, and how many. */
export interface Draw {
  readonly knocks: number
  readonly low: Port
  readonly high: Port
}

/** How many values two bytes have. */
const WORDS = 0x1_00_00

/**
 * The ports of one user in one time step, all different. The MAC's bytes are read as 16-bit words; a word beyond the last whole
 * multiple of the range's width is passed over, so that every port is as likely as any other.
 */
export function hmacPorts(secret: Secret, binding: Binding, { knocks, low, high }: Draw): Port[] {
  const width = high - low + 1
  const fair = Math.floor(WORDS / width) * width
  const drawn = new Set<Port>()
  for (let block = 1; drawn.size < knocks; block++) {
    const mac = macBlock(secret, binding, block)
    for (let at = 0; at < mac.length && drawn.size < knocks; at += 2) {
      const word = mac.readUInt16BE(at)
      if (word < fair) drawn.add(parsePort(String(low + (word % width)))!)
    }
  }
  return [...drawn]
}
