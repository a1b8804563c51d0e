import { createHmac } from 'node:crypto'
import type { Address } from '../../parsers/address.ts'
import type { Secret } from './secret.ts'

/** What a knock is bound to: one that is made for another host, rule, user, time step or address is worth nothing here. */
export interface Binding {
  readonly hostId: string
  readonly rule: string
  readonly user: string
  readonly timeStep: number
  /** Undefined: it may come from anywhere. */
  readonly address?: Address | undefined
}

/** The version of all that is derived here. */
const VERSION = 'knocktail-v1'

/** HMAC-SHA-256 of all fields as netstrings, so that no two bindings make the same text. Blocks are counted from 1. */
export function macBlock(secret: Secret, { hostId, rule, user, timeStep, address }: Binding, block = 1): Buffer {
  const fields = [VERSION, hostId, rule, user, String(timeStep), address ?? '', ...(block === 1 ? [] : [String(block)])]
  return createHmac('sha256', secret).update(fields.map(netstring).join('')).digest()
}

/** https://cr.yp.to/proto/netstrings.txt: the length in bytes goes before the text. */
function netstring(text: string): string {
  return `${Buffer.byteLength(text)}:${text},`
}

/** What a token rule's path ends with: 128 bits, as 32 lower-case hexadecimal digits. */
export function tokenOf(secret: Secret, binding: Binding): string {
  return macBlock(secret, binding).toString('hex', 0, 16)
}
