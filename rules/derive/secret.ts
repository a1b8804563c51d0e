import { createHmac, timingSafeEqual } from 'node:crypto'

declare const brand: unique symbol

/** Bytes that only a user and this host know. Only `parseSecret` makes one. */
export type Secret = Uint8Array & { readonly [brand]: 'Secret' }

/** RFC 4226, section 4, asks for 128 bits at least: for ports and tokens that programs make. */
export const SECRET_BYTES = 16
/** 80 bits are the least that authenticator apps are given. */
export const TOTP_SECRET_BYTES = 10

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
/** How many characters of the last group of eight can be left over by whole bytes. */
const POSSIBLE_REST = new Set([0, 2, 4, 5, 7])

/**
 * The bytes that base32 text spells (RFC 4648, section 6), in any case; blanks, hyphens and padding do not matter. Undefined: it is none, or
 * more than one: two lines would read as a secret that nobody has.
 */
export function parseSecret(text: string): Secret | undefined {
  const digits = withoutPadding(text.trim().replaceAll(/[ \t-]/g, '')).toUpperCase()
  if (!/^[A-Z2-7]+$/.test(digits) || !POSSIBLE_REST.has(digits.length % 8)) return undefined
  const bytes: number[] = []
  let bits = 0
  let count = 0
  for (const digit of digits) {
    bits = ((bits << 5) | ALPHABET.indexOf(digit)) & 0xfff
    count += 5
    if (count >= 8) bytes.push((bits >> (count -= 8)) & 0xff)
  }
  return Uint8Array.from(bytes) as Secret
}

/** An expression would look at every run of them again and again. */
function withoutPadding(text: string): string {
  let end = text.length
  while (text.charAt(end - 1) === '=') end--
  return text.slice(0, end)
}

/** As authenticator apps take it, without padding. */
export function formatSecret(bytes: Uint8Array): string {
  let bits = 0n
  for (const byte of bytes) bits = (bits << 8n) | BigInt(byte)
  const digits = Math.ceil((bytes.length * 8) / 5)
  bits <<= BigInt(digits * 5 - bytes.length * 8)
  return Array.from({ length: digits }, (_, index) => ALPHABET[Number((bits >> BigInt(5 * (digits - 1 - index))) & 31n)]).join('')
}

/** Names a secret in the ledger, and tells whether two are the same: nothing of the secret can be found from it. */
export function secretId(secret: Secret): string {
  return createHmac('sha256', secret).update('knocktail secret id').digest('hex').slice(0, 32)
}

/** In constant time for texts of equal length: how many characters of a guess are right must not show. */
export function sameText(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}
