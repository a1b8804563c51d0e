import ipaddr from 'ipaddr.js'
import { wordAt } from './bytes.ts'

declare const brand: unique symbol

/**
 * An IP address in its one canonical text: dotted quad, or RFC 5952 for IPv6.
 * IPv4-mapped IPv6 (`::ffff:192.0.2.1`) is the IPv4 address it stands for. Only this file makes one.
 */
export type Address = string & { readonly [brand]: 'Address' }

/** Interned spellings; two generations, so that a flood of new addresses cannot make it grow without bound. */
const GENERATION_SIZE = 32_768
let young = new Map<string, Address>()
let old = new Map<string, Address>()
const DOT = 46
const COLON = 58

/** The first colon of IPv6 text stands behind at most four digits, where IPv4 has none. */
export function isIPv6(address: Address): boolean {
  for (let at = 0; at < 5; at++) if (address.charCodeAt(at) === COLON) return true
  return false
}

/** The address that `text` spells, or undefined: names, zones (`%eth0`), octal and short forms are refused. */
export function parseAddress(text: string): Address | undefined {
  const known = young.get(text)
  if (known !== undefined) return known
  const address = old.get(text) ?? (text.includes(':') ? readIPv6(text) : readIPv4(text))
  if (address !== undefined) remember(text, address)
  return address
}

/** The address that those bytes spell, or undefined. */
export function addressAt(bytes: Uint8Array, start: number, end: number): Address | undefined {
  const number = quadAt(bytes, start, end)
  return number < 0 ? parseAddress(wordAt(bytes, start, end)) : addressOf(number)
}

/** Two places for the IPv4 addresses of a hash that were seen last: most lines show one of these, and a flood only writes them over. */
const PLACES = 1 << 15
const placedNumbers = new Uint32Array(PLACES)
const placed: (Address | undefined)[] = Array.from({ length: PLACES }, () => undefined)

/** The IPv4 address of that number, 0 to 2^32 - 1. */
export function addressOf(number: number): Address {
  // Fibonacci hashing: neighbours lie far apart.
  const place = (Math.imul(number, 0x9e3779b1) >>> 18) << 1
  if (placedNumbers[place] === number && placed[place] !== undefined) return placed[place]
  const address = placedNumbers[place + 1] === number ? placed[place + 1] : undefined
  return address ?? put(place, number)
}

function put(place: number, number: number): Address {
  const address = quadText(number) as Address
  placedNumbers[place + 1] = placedNumbers[place]!
  placed[place + 1] = placed[place]
  placedNumbers[place] = number
  placed[place] = address
  return address
}

/** The number of an IPv4 address, of which `addressOf` makes it again; of another, -1. */
export function addressNumber(address: Address): number {
  let number = 0
  let octet = 0
  for (let at = 0; at < address.length; at++) {
    const code = address.charCodeAt(at)
    if (code === DOT) {
      number = number * 256 + octet
      octet = 0
    } else if (code >= 48 && code <= 57) octet = octet * 10 + code - 48
    else return -1
  }
  return number * 256 + octet
}

/** The number that a dotted quad spells, or -1: it takes what `readOctets` takes, and nothing else. */
export function quadAt(bytes: Uint8Array, start: number, end: number): number {
  let number = 0
  let octet = -1
  let dots = 0
  for (let at = start; at < end; at++) {
    const code = bytes[at]!
    if (code === DOT) {
      if (octet < 0 || ++dots > 3) return -1
      number = number * 256 + octet
      octet = -1
    } else {
      const digit = code - 48
      if (!(digit >= 0 && digit <= 9) || octet === 0) return -1
      octet = octet < 0 ? digit : octet * 10 + digit
      if (octet > 255) return -1
    }
  }
  return dots === 3 && octet >= 0 ? number * 256 + octet : -1
}

function quadText(number: number): string {
  return [number >>> 24, (number >>> 16) & 255, (number >>> 8) & 255, number & 255].join('.')
}

function remember(text: string, address: Address): void {
  if (young.size >= GENERATION_SIZE) {
    old = young
    young = new Map()
  }
  // The key must not be a slice that keeps a whole chunk of the log alive.
  young.set(text === address ? address : detach(text), address)
}

function readIPv4(text: string): Address | undefined {
  const octets = readOctets(text)
  // Joining builds a fresh string: a slice of the log line would keep its whole chunk alive.
  return octets && (octets.join('.') as Address)
}

/** Four decimal numbers from 0 to 255 without leading zeros, nothing else. */
function readOctets(text: string): number[] | undefined {
  if (text.length > 15) return undefined
  const octets: number[] = []
  for (const part of text.split('.')) {
    const value = Number(part)
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || value > 255) return undefined
    octets.push(value)
  }
  return octets.length === 4 ? octets : undefined
}

function readIPv6(text: string): Address | undefined {
  if (text.length > 45 || !/^[0-9a-fA-F:.]+$/.test(text)) return undefined
  const groups = text.includes('.') ? withoutDots(text) : text
  if (groups === undefined || !ipaddr.IPv6.isValid(groups)) return undefined
  const address = ipaddr.IPv6.parse(groups)
  if (address.isIPv4MappedAddress()) return address.toIPv4Address().toString() as Address
  return detach(address.toRFC5952String()) as Address
}

/** `::ffff:192.0.2.1` as `::ffff:c000:201`: ipaddr.js takes `::192.0.2.1`, which is another address, for the same. */
function withoutDots(text: string): string | undefined {
  const tail = text.lastIndexOf(':') + 1
  const octets = readOctets(text.slice(tail))
  if (octets === undefined) return undefined
  const [a = 0, b = 0, c = 0, d = 0] = octets
  return `${text.slice(0, tail)}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
}

function detach(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}
