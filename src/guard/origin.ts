import { isIPv6, parseAddress, type Address } from '../../parsers/address.ts'

/**
 * Where packets claim to come from, in parts from left to right: the four octets of an IPv4 address, or the four groups of an IPv6
 * /64, in which a host takes what addresses it likes. The first n parts are a network: /24, /16, /8 or /48, /32, /16.
 */
export interface Origin {
  readonly separator: '.' | ':'
  readonly parts: readonly string[]
}

export const ALL_PARTS = 4

export function originOf(address: Address): Origin {
  return isIPv6(address) ? { separator: ':', parts: groupsOf(address) } : { separator: '.', parts: address.split('.') }
}

/** The first four groups of canonical text: where `::` stands, zeros were left out. */
function groupsOf(address: Address): string[] {
  const [left = '', right] = address.split('::')
  const before = left === '' ? [] : left.split(':')
  if (right === undefined || before.length >= ALL_PARTS) return before.slice(0, ALL_PARTS)
  const after = right === '' ? [] : right.split(':')
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return [...before, ...zeros, ...after].slice(0, ALL_PARTS)
}

/** One text a network, which no other has. A whole IPv4 address is its own: most events are looked up by it, and it need not be made. */
export function networkKey({ separator, parts }: Origin, length: number): string {
  const text = parts.slice(0, length).join(separator)
  return separator === '.' && length === ALL_PARTS ? text : text + separator
}

/** `networkKey` of what counts as one sender: an IPv4 address or an IPv6 /64. */
export function senderKey(address: Address): string {
  return isIPv6(address) ? networkKey(originOf(address), ALL_PARTS) : address
}

/** The network that `networkKey` made this text of. */
export function keyNetworkText(key: string): string {
  const separator = key.endsWith(':') ? ':' : '.'
  const parts = (key.endsWith(separator) ? key.slice(0, -1) : key).split(separator)
  return networkText({ separator, parts }, parts.length)
}

/** `192.0.2.7`, `192.0.2.0/24`, `2001:db8:7:1::/64`. */
export function networkText({ separator, parts }: Origin, length: number): string {
  const kept = parts.slice(0, length)
  if (separator === ':') return `${parseAddress(length === 0 ? '::' : `${kept.join(':')}::`)}/${length * 16}`
  return length === ALL_PARTS ? kept.join('.') : `${[...kept, '0', '0', '0', '0'].slice(0, ALL_PARTS).join('.')}/${length * 8}`
}
