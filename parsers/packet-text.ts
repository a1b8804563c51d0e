import { parseAddress, type Address } from './address.ts'
import { packet, parsePort, transport, type Packet, type Port, type Transport } from './event.ts'
import { readPortless, transportNamed } from './portless-text.ts'
import type { Reason } from './reason.ts'
import { matchAt } from './stamps.ts'
import { readTcpText, type TcpText } from './tcp-text.ts'
import { isBlank } from './tcpdump-stamp.ts'
import { hasControls } from './text.ts'

/**
 * The packet part of a line of either tcpdump: OpenBSD's print-ip.c, print-ip6.c, print-tcp.c, print-udp.c and
 * upstream's files of the same names. Read from the left: the first pair of addresses is the outermost packet's
 * (except where OpenBSD says `encap`), and what follows the transport is payload, written by whoever sent it.
 */

/** What the line says before the packet. */
export type Link = Pick<Packet, 'iface' | 'dir' | 'action'>

/** Upstream puts a blank behind the note, OpenBSD does not. */
const SHORT_NOTE = /truncated-ip6? - \d{1,5} bytes missing! ?/y
/** Upstream's -v: `(tos 0x0, ttl 64, id 4660, offset 0, flags [DF], proto TCP (6), length 60) `. */
const IP_ID = /\(tos 0x[^()]{1,40}, id (\d{1,5}), offset /y
/**
 * `A.PORT > B.PORT: ` or `A > B: `. Some OpenBSD decoders print no blank behind the colon: then only a port,
 * which ends in digits, tells where a hexadecimal address ends.
 */
const ENDS = /([0-9a-fA-F:.]{2,51}) > (?:([0-9a-fA-F:.]{2,51}):(?= |$)|([0-9a-fA-F:.]{2,51}?\.\d{1,5}):)/y
/** OpenBSD's print-ipsec.c, and the encapsulations under -v. */
const NAMED_ENDS = /([a-z]{2,7}) ([0-9a-fA-F:.]{2,45}) > ([0-9a-fA-F:.]{2,45}?):?(?= )/y

/** The packet whose text begins at `at` and goes to the end of the line. */
export function readPacketText(text: string, at: number, link: Link): Packet | Reason {
  if (isEncapsulated(text, at)) return 'encapsulated'
  let start = matchAt(SHORT_NOTE, text, at) ? SHORT_NOTE.lastIndex : at
  let ipId: number | undefined
  if (text.charCodeAt(start) === OPEN) {
    ipId = readIpId(text, start)
    start = behindBrackets(text, start)
    // Upstream's -v ends the line here and indents the packet on the next.
    if (start < 0 || start >= text.length) return 'continuation'
  }
  const ends = matchAt(ENDS, text, start)
  if (!ends) return readNamedEnds(text, start, link)
  return readEnds(text, ENDS.lastIndex, ends[1]!, (ends[2] ?? ends[3])!, link, ipId)
}

/** OpenBSD prints the inner packet alone and this behind it (print-ip.c: IPIP, IPv6, GRE, mobile). */
function isEncapsulated(text: string, at: number): boolean {
  if (text.indexOf('encap)', at) < 0) return false
  return [' (encap)', ' (gre encap)', ' (mobile encap)'].some((note) => text.includes(note, at))
}

const OPEN = 40
const CLOSE = 41

/** Behind the bracket that closes the one at `at`, and its blank; -1 if none does. */
function behindBrackets(text: string, at: number): number {
  let depth = 0
  for (let end = at; end < text.length; end++) {
    const code = text.charCodeAt(end)
    if (code === OPEN) depth++
    else if (code === CLOSE && --depth === 0) return text.charCodeAt(end + 1) === 32 ? end + 2 : end + 1
  }
  return -1
}

function readIpId(text: string, at: number): number | undefined {
  const found = matchAt(IP_ID, text, at)
  return found && Number(found[1]) <= 0xffff ? Number(found[1]) : undefined
}

function readEnds(
  text: string, at: number, source: string, destination: string, link: Link, ipId: number | undefined,
): Packet | Reason {
  const sourceDot = portDot(source)
  const destinationDot = portDot(destination)
  const src = readAddress(source, sourceDot)
  const dst = readAddress(destination, destinationDot)
  if (src === undefined || dst === undefined || sourceDot < 0 !== destinationDot < 0) return 'bad-address'
  // Both programs escape what is not printable; a word with such a byte in it would be taken for another transport's.
  if (hasControls(text.slice(at))) return 'control-characters'
  const { iface, dir, action } = link
  if (sourceDot < 0) {
    const proto = readPortless(text, at)
    return isTransport(proto) ? packet({ proto, src, dst, ipId, iface, dir, action }) : proto
  }
  const sport = parsePort(source.slice(sourceDot + 1))
  const dport = parsePort(destination.slice(destinationDot + 1))
  if (sport === undefined || dport === undefined) return 'bad-number'
  const shown = readPorted(text, text.charCodeAt(at) === 32 ? at + 1 : at, sport, dport)
  if (typeof shown === 'string') return shown
  const { proto, flags, seq } = shown
  return packet({ proto, src, dst, sport, dport, flags, seq, ipId, iface, dir, action })
}

/** Where the dot before the port is; -1 if there is no port; -2 if it is neither. */
function portDot(end: string): number {
  let dots = 0
  for (let dot = end.indexOf('.'); dot >= 0; dot = end.indexOf('.', dot + 1)) dots++
  if (dots === 4) return end.lastIndexOf('.')
  if (dots === 3) return -1
  if (!end.includes(':')) return -2
  return dots === 1 ? end.lastIndexOf('.') : dots === 0 ? -1 : -2
}

function readAddress(end: string, dot: number): Address | undefined {
  return dot === -2 ? undefined : parseAddress(dot < 0 ? end : end.slice(0, dot))
}

function isTransport(outcome: Transport | Reason): outcome is Transport {
  return outcome === 'tcp' || outcome === 'udp' || outcome === 'icmp' || outcome === 'icmp6' || outcome.startsWith('ip-')
}

interface Ported extends TcpText {
  readonly proto: Transport
}

const UDP: Ported = { proto: 'udp', flags: undefined, seq: undefined }
const OTHER_TRANSPORT = / ?(?:(sctp|dccp)\b|ip-proto-(\d{1,3})(?= |$))/iy
const OTHER_NUMBERS: Readonly<Record<string, number>> = { sctp: 132, dccp: 33 }
const NFS = 2049
const UDP_LENGTH = / {0,2}(?:udp \d|UDP, )/iy

/** What has ports and no other transport's text is UDP: its decoders print whatever the payload says. */
function readPorted(text: string, at: number, sport: Port, dport: Port): Ported | Reason {
  const tcp = readTcpText(text, at)
  if (tcp !== undefined) return typeof tcp === 'string' ? tcp : { proto: 'tcp', flags: tcp.flags, seq: tcp.seq }
  const other = matchAt(OTHER_TRANSPORT, text, at)
  if (other) return { ...UDP, proto: transport(OTHER_NUMBERS[(other[1] ?? '').toLowerCase()] ?? Number(other[2])) }
  if (endsWithinWord(text, at)) return 'truncated'
  // Both programs print NFS instead of the transport's text, whether it came by TCP or by UDP.
  if ((sport === NFS || dport === NFS) && !matchAt(UDP_LENGTH, text, at)) return 'ambiguous'
  return UDP
}

/** What names a transport behind the ports: a line that ends within one of these may be of any. */
const WORDS = ['Flags [', '[|tcp]', '[bad hdr length ', 'tcp 0', 'tcp -0', 'udp 0', 'UDP, ', 'sctp', 'DCCP']
const LONGEST_WORD = ' 4294967295 [bad hdr length '.length

function endsWithinWord(text: string, at: number): boolean {
  if (text.length - at > LONGEST_WORD) return false
  const rest = text.slice(at).replace(/^ *(?:\d{1,10} ?)?/, '')
  return WORDS.some((word) => word.startsWith(rest))
}

function readNamedEnds(text: string, at: number, link: Link): Packet | Reason {
  const named = matchAt(NAMED_ENDS, text, at)
  const proto = named ? transportNamed(named[1]!) : undefined
  if (!named || proto === undefined) return refuse(text, at)
  const src = parseAddress(named[2]!)
  const dst = parseAddress(named[3]!)
  return src === undefined || dst === undefined ? 'bad-address' : packet({ proto, src, dst, ...link })
}

const NOT_CAPTURED = / ?(?:\[\||truncated-|bad-|unknown-af |$)/y
const ARP = /(?:ARP, |arp |rarp |Reverse ARP)/y
/** Host names, interface zones, service names: anything but numbers. */
const NAMES = /[^\s,]{1,255} > [^\s,]{1,255}:(?= |$)/y

function refuse(text: string, at: number): Reason {
  if (matchAt(NOT_CAPTURED, text, at)) return 'truncated'
  if (matchAt(ARP, text, at)) return 'arp'
  if (isBlank(text.charCodeAt(at))) return 'continuation'
  return matchAt(NAMES, text, at) ? 'bad-address' : 'not-this-dialect'
}
