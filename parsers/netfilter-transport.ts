import { FLAG_BITS, type FlagName, type Packet, type Port, type TcpFlags, type Transport } from './event.ts'
import { grammar, readNumber, Spans, type Grammar } from './grammar.ts'
import type { Reason } from './reason.ts'

/** Where ulogd2 (util/printpkt.c) prints otherwise than the kernel (nf_log_dump_tcp_header): the TCP header and fragments. */
export interface Layout {
  readonly tcp: Grammar
  /** The flags in the order of their slots, which lie side by side, and the first of these. */
  readonly flags: readonly FlagName[]
  readonly firstFlag: number
  readonly fragment6: Grammar
}

function makeLayout(tcp: Grammar, flags: readonly FlagName[], fragment6: Grammar): Layout {
  return { tcp, flags, firstFlag: tcp.slot(flags[0]!), fragment6 }
}

export const KERNEL_LAYOUT = makeLayout(
  grammar('SPT=n DPT=n SEQ=n? ACK=n? WINDOW=n RES=x AE? CWR? ECE? URG? ACK? PSH? RST? SYN? FIN? URGP=n OPT_(...)?'),
  ['AE', 'CWR', 'ECE', 'URG', 'ACK', 'PSH', 'RST', 'SYN', 'FIN'],
  grammar('FRAG:n INCOMPLETE? ID:x'),
)

export const ULOGD_LAYOUT = makeLayout(
  grammar('SPT=n DPT=n SEQ=n ACK=n WINDOW=n CWR? ECE? URG? ACK? PSH? RST? SYN? FIN? URGP=n'),
  ['CWR', 'ECE', 'URG', 'ACK', 'PSH', 'RST', 'SYN', 'FIN'],
  grammar('FRAG:_n INCOMPLETE? ID:_x'),
)

const PROTO = grammar('PROTO=w')
const PORTS = grammar('SPT=n DPT=n LEN=n')
const ICMP = grammar('TYPE=n CODE=n ID=n? SEQ=n? PARAMETER=n? POINTER=x? GATEWAY=a? [...]? MTU=n?')
const SPI = grammar('SPI=x')
const TAIL = grammar('UID=n? GID=n? MARK=x?')

const BLANK = 32

const scratch = new Spans(24)

/** PROTO as printed, and what follows it. */
const PROTOCOLS: ReadonlyMap<string, { transport: Transport; body: 'tcp' | 'udp' | 'icmp' | 'spi' }> = new Map([
  ['TCP', { transport: 'tcp', body: 'tcp' }],
  ['UDP', { transport: 'udp', body: 'udp' }],
  ['UDPLITE', { transport: 'ip-136', body: 'udp' }],
  ['ICMP', { transport: 'icmp', body: 'icmp' }],
  ['ICMPv6', { transport: 'icmp6', body: 'icmp' }],
  ['ESP', { transport: 'ip-50', body: 'spi' }],
  ['AH', { transport: 'ip-51', body: 'spi' }],
])

export type Transported = Pick<Packet, 'proto' | 'sport' | 'dport' | 'flags' | 'seq'>

/** The transport that begins at `at`, and with it the line to its end. */
export function readTransport(text: string, at: number, laterFragment: boolean, layout: Layout): Transported | Reason {
  const start = PROTO.scan(text, at, scratch)
  if (start < 0) return text.includes('TRUNCATED', at) ? 'truncated' : 'not-this-dialect'
  const name = scratch.slice(text, 0)
  // Whoever prints a protocol prints a blank behind it: without it the number may be cut.
  if (text.charCodeAt(text.length - 1) !== BLANK && start === text.length) return 'truncated'
  const known = PROTOCOLS.get(name)
  if (!known && readNumber(name, 0, name.length, 255) < 0) return 'not-this-dialect'
  if (text.startsWith('INCOMPLETE', start)) return 'truncated'
  const proto = known?.transport ?? `ip-${Number(name)}`
  if (!known || laterFragment) return endsHere(text, start) ? transported(proto) : 'not-this-dialect'
  return BODIES[known.body](text, start, proto, layout)
}

function transported(proto: Transport, sport?: Port, dport?: Port, flags?: TcpFlags, seq?: number): Transported {
  return { proto, sport, dport, flags, seq }
}

type Body = (text: string, at: number, proto: Transport, layout: Layout) => Transported | Reason

const BODIES: Readonly<Record<'tcp' | 'udp' | 'icmp' | 'spi', Body>> = {
  tcp: (text, at, proto, layout) => {
    const end = layout.tcp.scan(text, at, scratch)
    if (end < 0) return refuse(text, at)
    const [sport, dport, flags] = [readPort(text, 0), readPort(text, 1), readFlags(layout)]
    const seq = readNumber(text, scratch.start[2]!, scratch.end[2]!, 0xffffffff)
    if (sport === undefined || dport === undefined || (seq < 0 && scratch.start[2]! >= 0)) return 'bad-number'
    return endsHere(text, end) ? transported(proto, sport, dport, flags, seq < 0 ? undefined : seq) : refuse(text, end)
  },
  udp: (text, at, proto) => {
    const end = PORTS.scan(text, at, scratch)
    if (end < 0) return refuse(text, at)
    const [sport, dport] = [readPort(text, 0), readPort(text, 1)]
    if (sport === undefined || dport === undefined) return 'bad-number'
    return endsHere(text, end) ? transported(proto, sport, dport) : refuse(text, end)
  },
  icmp: (text, at, proto) => withoutPorts(ICMP, text, at, proto),
  spi: (text, at, proto) => withoutPorts(SPI, text, at, proto),
}

function withoutPorts(body: Grammar, text: string, at: number, proto: Transport): Transported | Reason {
  const end = body.scan(text, at, scratch)
  return end >= 0 && endsHere(text, end) ? transported(proto) : refuse(text, Math.max(at, end))
}

function refuse(text: string, at: number): Reason {
  return text.startsWith('INCOMPLETE', at) || text.startsWith('TRUNCATED', at) ? 'truncated' : 'not-this-dialect'
}

function endsHere(text: string, at: number): boolean {
  return TAIL.scan(text, at, scratch) === text.length
}

/** SPT and DPT are the first two slots of every grammar that has them. */
function readPort(text: string, slot: 0 | 1): Port | undefined {
  const port = readNumber(text, scratch.start[slot]!, scratch.end[slot]!, 65_535)
  return port < 0 ? undefined : (port as Port)
}

function readFlags({ flags, firstFlag }: Layout): TcpFlags {
  let bits = 0
  for (let index = 0; index < flags.length; index++) {
    if (scratch.start[firstFlag + index]! >= 0) bits |= FLAG_BITS[flags[index]!]
  }
  return bits as TcpFlags
}
