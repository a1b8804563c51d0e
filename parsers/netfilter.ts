import { addressAt } from './address.ts'
import { startsWith, type Line } from './bytes.ts'
import type { Packet } from './event.ts'
import { grammar, readNumber, Spans } from './grammar.ts'
import type { Link } from './netfilter-link.ts'
import { readTransport, type Layout } from './netfilter-transport.ts'
import type { Reason } from './reason.ts'

/**
 * The text of one packet as netfilter prints it behind its link part: net/netfilter/nf_log_syslog.c
 * (dump_ipv4_packet, dump_ipv6_packet), and ulogd2's util/printpkt.c.
 */
const ARP = Buffer.from('ARP HTYPE=')
const ENDS = grammar('SRC=a DST=a LEN=n')
const IP4 = grammar('TOS=x PREC=x TTL=n ID=n CE? DF? MF? FRAG:n? OPT_(...)?')
const IP6 = grammar('TC=n HOPLIMIT=n FLOWLBL=n')
const IP6_OPTION = grammar('OPT_(...)')
const IP4_ID = IP4.slot('ID=')
const IP4_FRAGMENT = IP4.slot('FRAG:')

const ends = new Spans(ENDS.slots)
const network = new Spans(IP4.slots)

/** The packet behind that link part, from `at` to the end of the line. */
export function readPacket(line: Line, at: number, { iface, dir }: Link, layout: Layout): Packet | Reason {
  const ip = ENDS.scan(line, at, ends)
  if (ip < 0) return startsWith(line, at, ARP) ? 'arp' : 'not-this-dialect'
  const src = addressAt(line.bytes, ends.start[0]!, ends.end[0]!)
  const dst = addressAt(line.bytes, ends.start[1]!, ends.end[1]!)
  if (src === undefined || dst === undefined) return 'bad-address'
  const header = readNetwork(line, ip, layout)
  if (header === undefined) return 'not-this-dialect'
  const transport = readTransport(line, header.end, header.laterFragment, layout)
  if (typeof transport === 'string') return transport
  return {
    kind: 'packet', proto: transport.proto, src, dst, sport: transport.sport, dport: transport.dport,
    flags: transport.flags, seq: transport.seq, ipId: header.id, iface, dir, action: undefined,
  }
}

/** What the IP header says, and where it ends. */
interface Header { readonly end: number; readonly laterFragment: boolean; readonly id: number | undefined }

function readNetwork(line: Line, at: number, layout: Layout): Header | undefined {
  const ip4 = IP4.scan(line, at, network)
  if (ip4 >= 0) {
    const id = readNumber(line.bytes, network.start[IP4_ID]!, network.end[IP4_ID]!, 0xffff)
    return id < 0 ? undefined : { end: ip4, laterFragment: network.start[IP4_FRAGMENT]! >= 0, id }
  }
  const ip6 = IP6.scan(line, at, network)
  return ip6 < 0 ? undefined : readExtensions(line, ip6, layout)
}

/** IPv6 extension headers, each at most once a kind that matters: options are skipped as units. */
function readExtensions(line: Line, at: number, layout: Layout): Header {
  let laterFragment = false
  for (;;) {
    const option = IP6_OPTION.scan(line, at, network)
    const end = option >= 0 ? option : layout.fragment6.scan(line, at, network)
    if (end < 0) return { end: at, laterFragment, id: undefined }
    // The first fragment (offset 0) still shows its ports.
    if (option < 0) laterFragment = network.word(line, 0) !== '0'
    at = end
  }
}

