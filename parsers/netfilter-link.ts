import type { Line } from './bytes.ts'
import type { Packet } from './event.ts'
import { grammar, Spans } from './grammar.ts'

/** The interfaces and the link layer that netfilter prints first (nf_log_dump_packet_common, dump_ipv4_mac_header). */
const LINK = grammar('IN=I OUT=I PHYSIN=I? PHYSOUT=I? MAC=M? MACSRC=M? MACDST=M? VPROTO=x? VID=n? MACPROTO=x? TUNNEL=t?')

const link = new Spans(LINK.slots)
const IN = LINK.slot('IN=')
const OUT = LINK.slot('OUT=')

/** Where the link part that begins at `at` ends, or -1. There `readPacket` goes on. */
export function scanLink(line: Line, at: number): number {
  const end = LINK.scan(line, at, link)
  return isName(IN) && isName(OUT) ? end : -1
}

/** The longest name of an interface (IFNAMSIZ, less its NUL). */
const NAME_LIMIT = 15

function isName(slot: number): boolean {
  return link.end[slot]! - link.start[slot]! <= NAME_LIMIT
}

/** nft's longest log prefix is 127 characters, iptables' 29. */
const PREFIX_LIMIT = 128

const UPPER_I = 73
const UPPER_N = 78
const EQUALS = 61

/** The same behind a prefix that is not known: at the first `IN=` that is followed by ` OUT=`. */
export function findLink(line: Line, at: number): number {
  const { bytes } = line
  const last = Math.min(at + PREFIX_LIMIT, line.end - 3)
  for (let start = at; start <= last; start++) {
    if (bytes[start] !== UPPER_I || bytes[start + 1] !== UPPER_N || bytes[start + 2] !== EQUALS) continue
    const end = scanLink(line, start)
    if (end >= 0) return end
  }
  return -1
}

/** Where the link part that was read last began. */
export function linkStart(): number {
  return link.start[IN]! - 'IN='.length
}

/** `iface`: by which it came in, or else went out. */
export type Link = Pick<Packet, 'iface' | 'dir'>

/** What the link part says that was read last. */
export function linkOf(line: Line): Link {
  if (!isEmpty(IN)) return { iface: link.word(line, IN), dir: isEmpty(OUT) ? 'in' : 'forward' }
  return isEmpty(OUT) ? { iface: undefined, dir: undefined } : { iface: link.word(line, OUT), dir: 'out' }
}

function isEmpty(slot: number): boolean {
  return link.start[slot] === link.end[slot]
}
