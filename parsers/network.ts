import ipaddr from 'ipaddr.js'
import { parseAddress, type Address } from './address.ts'

/** An address or a prefix (`2001:db8:7::/48`) that other addresses are compared with. */
export interface Network {
  /** Canonical text, host bits cleared. */
  readonly text: string
  readonly contains: (address: Address) => boolean
}

/** The network that `text` spells, or undefined. Bits beyond the prefix must be zero: `192.0.2.1/24` is a mistake. */
export function parseNetwork(text: string): Network | undefined {
  const [base, bits, ...rest] = text.split('/')
  const address = base === undefined ? undefined : parseAddress(base)
  if (address === undefined || rest.length > 0) return undefined
  const width = ipaddr.parse(address).toByteArray().length * 8
  const length = bits === undefined ? width : /^(?:0|[1-9]\d{0,2})$/.test(bits) ? Number(bits) : Number.NaN
  return length <= width ? network(address, length, width) : undefined
}

function network(address: Address, length: number, width: number): Network | undefined {
  const parsed = ipaddr.parse(address)
  if (!hasOnlyPrefixBits(parsed.toByteArray(), length)) return undefined
  const contains = (other: Address): boolean => {
    const candidate = ipaddr.parse(other)
    return candidate.kind() === parsed.kind() && candidate.match(parsed as ipaddr.IPv4 & ipaddr.IPv6, length)
  }
  return { text: length === width ? address : `${address}/${length}`, contains }
}

function hasOnlyPrefixBits(bytes: readonly number[], length: number): boolean {
  return bytes.every((byte, index) => {
    const kept = Math.min(8, Math.max(0, length - index * 8))
    return (byte & (0xff >> kept)) === 0
  })
}
