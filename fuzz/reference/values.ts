import { isIPv4, isIPv6 } from 'node:net'

/**
 * The values of all formats, read in another way than `parsers/` does: addresses by Node and the URL standard, dates by `Date`.
 * Undefined: the text is no such value.
 */

/** A decimal number as `%u` prints it, from 0 to `max`. */
export function count(text: string | undefined, max: number): number | undefined {
  if (text === undefined || !/^(?:0|[1-9]\d*)$/.test(text)) return undefined
  return BigInt(text) <= BigInt(max) ? Number(text) : undefined
}

export const port = (text: string | undefined): number | undefined => count(text, 65_535)

/** Whether every text that is there is a number from 0 to `max`. */
export function allCounts(max: number, ...texts: readonly (string | undefined)[]): boolean {
  return texts.every((text) => text === undefined || count(text, max) !== undefined)
}

/** Canonical text: dotted quad or RFC 5952, which is how the URL standard serialises a host; IPv4-mapped is IPv4. */
export function address(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  if (isIPv4(text)) return text
  if (!isIPv6(text) || text.includes('%')) return undefined
  const canonical = new URL(`http://[${text}]/`).hostname.slice(1, -1)
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical)
  return mapped === null ? canonical : dotted(Number.parseInt(mapped[1]!, 16), Number.parseInt(mapped[2]!, 16))
}

function dotted(high: number, low: number): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

const BITS: Readonly<Record<string, number>> = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32, ECE: 64, CWR: 128, AE: 256 }

/** TCP flags from their names. */
export function flagBits(names: readonly string[]): number {
  return names.reduce((bits, name) => bits | BITS[name]!, 0)
}

/** `tcp`, `udp`, `icmp`, `icmp6`, or `ip-N`, of IANA's protocol numbers. */
export function transportOf(number: number): string {
  return ({ 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmp6' } as Readonly<Record<number, string>>)[number] ?? `ip-${number}`
}

/** Whether a byte of C0 or DEL is in the text: no program that escapes what it prints writes one. */
export function hasControl(text: string): boolean {
  return /\p{Cc}/u.test(text.replaceAll(/[\u0080-\u009f]/g, ''))
}
/** Text of one character a byte, decoded as UTF-8 without control characters; undefined if it is no such text. */
export function utf8(bytes: string): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(bytes, 'latin1'))
    return /\p{Cc}/u.test(text) ? undefined : text
  } catch {
    return undefined
  }
}
