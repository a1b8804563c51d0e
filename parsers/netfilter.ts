import { parseAddress } from './address.ts'
import {
  FLAG_BITS, type Direction, type FlagName, type Packet, type Port, type TcpFlags, type Transport,
} from './event.ts'
import { grammar, readNumber, Spans, type Grammar } from './grammar.ts'
import type { Reason } from './reason.ts'

/**
 * The text of one packet as netfilter prints it, from `IN=` to the end: net/netfilter/nf_log_syslog.c
 * (nf_log_dump_packet_common, dump_ipv4_packet, dump_ipv6_packet, nf_log_dump_tcp_header), and ulogd2's
 * util/printpkt.c, which differs in the TCP header and in fragments.
 */
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

const LINK = grammar('IN=I OUT=I PHYSIN=I? PHYSOUT=I? MAC=M? MACSRC=M? MACDST=M? VPROTO=x? VID=n? MACPROTO=x? TUNNEL=t?')
const ARP = 'ARP HTYPE='
const ENDS = grammar('SRC=a DST=a LEN=n')
const IP4 = grammar('TOS=x PREC=x TTL=n ID=n CE? DF? MF? FRAG:n? OPT_(...)?')
const IP6 = grammar('TC=n HOPLIMIT=n FLOWLBL=n')
const IP6_OPTION = grammar('OPT_(...)')
const PROTO = grammar('PROTO=w')
const PORTS = grammar('SPT=n DPT=n LEN=n')
const ICMP = grammar('TYPE=n CODE=n ID=n? SEQ=n? PARAMETER=n? POINTER=x? GATEWAY=a? [...]? MTU=n?')
const SPI = grammar('SPI=x')
const TAIL = grammar('UID=n? GID=n? MARK=x?')

const BLANK = 32

const link = new Spans(LINK.slots)
const ends = new Spans(ENDS.slots)
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

/** Where the link part that begins at `at` ends, or -1. Afterwards `readPacket` may be called with that place. */
export function scanLink(text: string, at: number): number {
  return LINK.scan(text, at, link)
}

/** nft's longest log prefix is 127 characters, iptables' 29. */
const PREFIX_LIMIT = 128

/** The same behind a prefix that is not known: at the first `IN=` that is followed by ` OUT=`. */
export function findLink(text: string, at: number): number {
  for (let start = text.indexOf('IN=', at); start >= 0 && start - at <= PREFIX_LIMIT; start = text.indexOf('IN=', start + 1)) {
    const end = scanLink(text, start)
    if (end >= 0) return end
  }
  return -1
}

/** Where the link part that was read last began. */
export function linkStart(): number {
  return link.start[IN]! - 'IN='.length
}

/** The packet whose link part `scanLink` just read, from `at` to the end of the line. */
export function readPacket(text: string, at: number, layout: Layout): Packet | Reason {
  const ip = ENDS.scan(text, at, ends)
  if (ip < 0) return text.startsWith(ARP, at) ? 'arp' : 'not-this-dialect'
  const src = parseAddress(slice(text, ends, 0))
  const dst = parseAddress(slice(text, ends, 1))
  if (src === undefined || dst === undefined) return 'bad-address'
  const network = readNetwork(text, ip, layout)
  if (network === undefined) return 'not-this-dialect'
  const transport = readTransport(text, network.end, network.laterFragment, layout)
  if (typeof transport === 'string') return transport
  return {
    kind: 'packet', proto: transport.proto, src, dst, sport: transport.sport, dport: transport.dport,
    flags: transport.flags, seq: transport.seq, ipId: network.id, iface: ifaceName(text), dir: direction(), action: undefined,
  }
}

function slice(text: string, spans: Spans, slot: number): string {
  return text.slice(spans.start[slot], spans.end[slot])
}

const IN = LINK.slot('IN=')
const OUT = LINK.slot('OUT=')

function isEmpty(slot: number): boolean {
  return link.start[slot] === link.end[slot]
}

function direction(): Direction | undefined {
  if (isEmpty(IN)) return isEmpty(OUT) ? undefined : 'out'
  return isEmpty(OUT) ? 'in' : 'forward'
}

function ifaceName(text: string): string | undefined {
  const name = slice(text, link, isEmpty(IN) ? OUT : IN)
  return name === '' ? undefined : name
}

interface Network { readonly end: number; readonly laterFragment: boolean; readonly id: number | undefined }

function readNetwork(text: string, at: number, layout: Layout): Network | undefined {
  const ip4 = IP4.scan(text, at, scratch)
  if (ip4 >= 0) {
    const [id, fragment] = [IP4.slot('ID='), IP4.slot('FRAG:')]
    const value = readNumber(text, scratch.start[id]!, scratch.end[id]!, 0xffff)
    return value < 0 ? undefined : { end: ip4, laterFragment: scratch.start[fragment]! >= 0, id: value }
  }
  const ip6 = IP6.scan(text, at, scratch)
  return ip6 < 0 ? undefined : readExtensions(text, ip6, layout)
}

/** IPv6 extension headers, each at most once a kind that matters: options are skipped as units. */
function readExtensions(text: string, at: number, layout: Layout): Network {
  let laterFragment = false
  for (;;) {
    const option = IP6_OPTION.scan(text, at, scratch)
    const end = option >= 0 ? option : layout.fragment6.scan(text, at, scratch)
    if (end < 0) return { end: at, laterFragment, id: undefined }
    // The first fragment (offset 0) still shows its ports.
    if (option < 0) laterFragment = text.slice(at, end).match(/\d+/)?.[0] !== '0'
    at = end
  }
}

type Transported = Pick<Packet, 'proto' | 'sport' | 'dport' | 'flags' | 'seq'>

function readTransport(text: string, at: number, laterFragment: boolean, layout: Layout): Transported | Reason {
  const start = PROTO.scan(text, at, scratch)
  if (start < 0) return text.includes('TRUNCATED', at) ? 'truncated' : 'not-this-dialect'
  const name = slice(text, scratch, 0)
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
    if (sport === undefined || dport === undefined) return 'bad-number'
    const seq = readNumber(text, scratch.start[2]!, scratch.end[2]!, 0xffffffff)
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
