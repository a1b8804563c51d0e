import { includes, startsWith, type Line } from './bytes.ts'
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
const INCOMPLETE = Buffer.from('INCOMPLETE')
const TRUNCATED = Buffer.from('TRUNCATED')

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
export function readTransport(line: Line, at: number, laterFragment: boolean, layout: Layout): Transported | Reason {
  const start = PROTO.scan(line, at, scratch)
  if (start < 0) return includes(line, at, TRUNCATED) ? 'truncated' : 'not-this-dialect'
  const name = scratch.word(line, 0)
  // Whoever prints a protocol prints a blank behind it: without it the number may be cut.
  if (line.bytes[line.end - 1] !== BLANK && start === line.end) return 'truncated'
  const known = PROTOCOLS.get(name)
  if (!known && readNumber(line.bytes, scratch.start[0]!, scratch.end[0]!, 255) < 0) return 'not-this-dialect'
  if (startsWith(line, start, INCOMPLETE)) return 'truncated'
  const proto = known?.transport ?? `ip-${Number(name)}`
  if (!known || laterFragment) return endsHere(line, start) ? transported(proto) : 'not-this-dialect'
  return BODIES[known.body](line, start, proto, layout)
}

function transported(proto: Transport, sport?: Port, dport?: Port, flags?: TcpFlags, seq?: number): Transported {
  return { proto, sport, dport, flags, seq }
}

type Body = (line: Line, at: number, proto: Transport, layout: Layout) => Transported | Reason

const BODIES: Readonly<Record<'tcp' | 'udp' | 'icmp' | 'spi', Body>> = {
  tcp: (line, at, proto, layout) => {
    const end = layout.tcp.scan(line, at, scratch)
    if (end < 0) return refuse(line, at)
    const [sport, dport, flags] = [readPort(line, 0), readPort(line, 1), readFlags(layout)]
    const seq = readNumber(line.bytes, scratch.start[2]!, scratch.end[2]!, 0xffffffff)
    if (sport === undefined || dport === undefined || (seq < 0 && scratch.start[2]! >= 0)) return 'bad-number'
    return endsHere(line, end) ? transported(proto, sport, dport, flags, seq < 0 ? undefined : seq) : refuse(line, end)
  },
  udp: (line, at, proto) => {
    const end = PORTS.scan(line, at, scratch)
    if (end < 0) return refuse(line, at)
    const [sport, dport] = [readPort(line, 0), readPort(line, 1)]
    if (sport === undefined || dport === undefined) return 'bad-number'
    return endsHere(line, end) ? transported(proto, sport, dport) : refuse(line, end)
  },
  icmp: (line, at, proto) => withoutPorts(ICMP, line, at, proto),
  spi: (line, at, proto) => withoutPorts(SPI, line, at, proto),
}

function withoutPorts(body: Grammar, line: Line, at: number, proto: Transport): Transported | Reason {
  const end = body.scan(line, at, scratch)
  return end >= 0 && endsHere(line, end) ? transported(proto) : refuse(line, Math.max(at, end))
}

function refuse(line: Line, at: number): Reason {
  return startsWith(line, at, INCOMPLETE) || startsWith(line, at, TRUNCATED) ? 'truncated' : 'not-this-dialect'
}

function endsHere(line: Line, at: number): boolean {
  return TAIL.scan(line, at, scratch) === line.end
}

/** SPT and DPT are the first two slots of every grammar that has them. */
function readPort(line: Line, slot: 0 | 1): Port | undefined {
  const port = readNumber(line.bytes, scratch.start[slot]!, scratch.end[slot]!, 65_535)
  return port < 0 ? undefined : (port as Port)
}

function readFlags({ flags, firstFlag }: Layout): TcpFlags {
  let bits = 0
  for (let index = 0; index < flags.length; index++) {
    if (scratch.start[firstFlag + index]! >= 0) bits |= FLAG_BITS[flags[index]!]
  }
  return bits as TcpFlags
}
