import type { Address } from './address.ts'
import type { Micros } from './time.ts'

declare const brand: unique symbol

/** A TCP or UDP port, 0 to 65535. Only `parsePort` makes one. */
export type Port = number & { readonly [brand]: 'Port' }

/** TCP flags as the bits of RFC 9293 (section 3.1), with AE (accurate ECN) above them. */
export type TcpFlags = number & { readonly [brand]: 'TcpFlags' }

export const FLAG_BITS = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32, ECE: 64, CWR: 128, AE: 256 } as const
export type FlagName = keyof typeof FLAG_BITS

/** `tcp`, `udp` and the ICMPs by name, any other transport as `ip-` and its number. */
export type Transport = 'tcp' | 'udp' | 'icmp' | 'icmp6' | `ip-${number}`

/** `in`: to this host; `out`: from it; `forward`: through it. */
export type Direction = 'in' | 'out' | 'forward'

/** One logged packet. A field that the log does not show is undefined. */
export interface Packet {
  readonly kind: 'packet'
  readonly proto: Transport
  readonly src: Address
  readonly dst: Address
  /** Absent on later fragments and on transports without ports. */
  readonly sport: Port | undefined
  readonly dport: Port | undefined
  /** Undefined: unknown, which satisfies no flag test. */
  readonly flags: TcpFlags | undefined
  /** TCP sequence number, where the log prints it. */
  readonly seq: number | undefined
  /** IP identification, where the log prints it. */
  readonly ipId: number | undefined
  readonly iface: string | undefined
  readonly dir: Direction | undefined
  /** What the firewall did with it, in the log's own word (`pass`, `block`, `match` ...). */
  readonly action: string | undefined
}

/** One logged web or Gemini request. Parsers take the client from the connection, never from a header. */
export interface Request {
  readonly kind: 'request'
  readonly proto: 'http' | 'gemini'
  readonly src: Address
  readonly method: string
  /** As the client sent it: not percent-decoded, the log's own escaping undone once. */
  readonly path: string
  readonly status: number | undefined
}

export type Fields = Packet | Request

/** Where an event stands in time and in reading order. */
interface Place {
  readonly time: Micros
  /** How exact `time` is: 1 for microseconds, 1,000,000 for a stamp of whole seconds. */
  readonly resolution: Micros
  /** Name of the source it was read from. */
  readonly source: string
}

export type ConnectionEvent = Fields & Place

/** The port that decimal text spells, or undefined: no sign, no blank, no leading zero, at most 65535. */
export function parsePort(text: string): Port | undefined {
  const value = Number(text)
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && value <= 65_535 ? (value as Port) : undefined
}

const TRANSPORTS: Readonly<Record<number, Transport>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmp6' }

/** The transport of an IP protocol number (IANA). */
export function transport(number: number): Transport {
  return TRANSPORTS[number] ?? `ip-${number}`
}

/** Names of the set flags, in bit order. */
export function flagNames(flags: TcpFlags): FlagName[] {
  return (Object.keys(FLAG_BITS) as FlagName[]).filter((name) => (flags & FLAG_BITS[name]) !== 0)
}

/** A packet from the fields its log shows. Every packet has the same shape: the matcher's speed rests on it. */
export function packet(shown: Pick<Packet, 'proto' | 'src' | 'dst'> & Partial<Packet>): Packet {
  return {
    kind: 'packet',
    proto: shown.proto,
    src: shown.src,
    dst: shown.dst,
    sport: shown.sport,
    dport: shown.dport,
    flags: shown.flags,
    seq: shown.seq,
    ipId: shown.ipId,
    iface: shown.iface,
    dir: shown.dir,
    action: shown.action,
  }
}

/** What a line shows, and when. Written out, since a spread costs more than the rest of a line's way. */
export function connectionEvent(fields: Fields, time: Micros, resolution: Micros, source: string): ConnectionEvent {
  if (fields.kind === 'request') {
    const { kind, proto, src, method, path, status } = fields
    return { kind, proto, src, method, path, status, time, resolution, source }
  }
  const { kind, proto, src, dst, sport, dport, flags, seq, ipId, iface, dir, action } = fields
  return { kind, proto, src, dst, sport, dport, flags, seq, ipId, iface, dir, action, time, resolution, source }
}
