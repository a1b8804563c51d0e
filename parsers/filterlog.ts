import { parseAddress } from './address.ts'
import { packet, parsePort, transport, type Direction, type Packet } from './event.ts'
import { flagLetters } from './flag-letters.ts'
import { lineOf } from './bytes.ts'
import { readNumber } from './grammar.ts'
import type { Outcome } from './parser.ts'
import type { Reason } from './reason.ts'
import { matchAt } from './stamps.ts'
import { skipSocketBlank } from './tcpdump-stamp.ts'
import { hasControls } from './text.ts'
import type { Stamp } from './time.ts'

/**
 * The CSV of pfSense's and OPNsense's filterlog (ports tree, filterlog/files: filterlog.c decode_packet, print-ip.c,
 * print-ip6.c, print-tcp.c). Every field up to the destination ends in a comma, so a cut address shows.
 * A packet longer than its capture has one more field, before the type of service.
 */
const HEAD = String.raw`\d{0,10},\d{0,10},[^,]*,[^,]*,([^,]{1,16}),[^,]*,([^,]+),([^,]*),`
const SHORT_NOTE = String.raw`(?:truncated-ip6?=[^,]*,|error='truncated-ip[^,]*',)?`
const IP4 = new RegExp(
  HEAD + '4,' + SHORT_NOTE +
    String.raw`0x[0-9a-f]{1,2},[^,]{0,2},\d{1,3},(\d{1,5}),(\d{1,5}),[^,]*,(\d{1,3}),[^,]*,\d{1,5},([^,]*),([^,]*),`,
  'y',
)
/** Name and number of the transport stand the other way round than in IPv4. */
const IP6 = new RegExp(
  HEAD + '6,' + SHORT_NOTE + String.raw`0x[0-9a-f]{1,2},0x[0-9a-f]{1,5},\d{1,3},[^,]*,(\d{1,3}),\d{1,5},([^,]*),([^,]*),`,
  'y',
)
/** Behind the urgent pointer only the options, which may be missing. */
const TCP = /([^,]*),([^,]*),-?\d{1,10},(F?S?R?P?A?U?E?C?),(\d{0,10})(?::\d{1,10})?,\d{0,10},\d{1,5},\d{0,5},/y
const UDP = /([^,]*),([^,]*),\d{1,5}$/y

const DIRECTIONS: ReadonlyMap<string, Direction> = new Map([['in', 'in'], ['out', 'out']])
const readFlags = flagLetters({
  F: 'FIN', S: 'SYN', R: 'RST', P: 'PSH', A: 'ACK', U: 'URG', E: 'ECE', C: 'CWR',
})

/** One packet that pf logged on pfSense or OPNsense. */
export function filterlogMessage(text: string, at: number, stamp: Stamp): Outcome {
  if (hasControls(text.slice(at))) return 'control-characters'
  const start = skipSocketBlank(text, at)
  const fields = readRecord(text, start)
  return typeof fields === 'string' ? fields : { stamp, fields }
}

/** What both IP versions show; the link's fields are the first three groups of both expressions. */
interface Network {
  readonly number: number
  readonly src: string
  readonly dst: string
  readonly ipId: number | undefined
  readonly laterFragment: boolean
}

function readRecord(text: string, at: number): Packet | Reason {
  const ip4 = matchAt(IP4, text, at)
  if (ip4) {
    const [ipId, offset, number] = [Number(ip4[4]), ip4[5], Number(ip4[6])]
    return readPacket(text, IP4.lastIndex, ip4, { number, src: ip4[7]!, dst: ip4[8]!, ipId, laterFragment: offset !== '0' })
  }
  const ip6 = matchAt(IP6, text, at)
  if (!ip6) return refuse(text, at)
  const network = { number: Number(ip6[4]), src: ip6[5]!, dst: ip6[6]!, ipId: undefined, laterFragment: false }
  return readPacket(text, IP6.lastIndex, ip6, network)
}

function readPacket(text: string, at: number, link: RegExpExecArray, network: Network): Packet | Reason {
  const src = parseAddress(network.src)
  const dst = parseAddress(network.dst)
  if (src === undefined || dst === undefined) return 'bad-address'
  if (network.number > 255 || (network.ipId ?? 0) > 0xffff) return 'bad-number'
  const proto = transport(network.number)
  const shown = readTransport(text, at, proto, network.laterFragment)
  if (typeof shown === 'string') return shown
  const { sport, dport, flags, seq } = shown
  const [, iface, action, direction] = link
  const dir = DIRECTIONS.get(direction!)
  return packet({ proto, src, dst, sport, dport, flags, seq, ipId: network.ipId, iface, dir, action })
}

type Transported = Pick<Packet, 'sport' | 'dport' | 'flags' | 'seq'>

const NOTHING: Transported = { sport: undefined, dport: undefined, flags: undefined, seq: undefined }

/** Transports without ports print what their packet says: not read. Later fragments end at the destination. */
function readTransport(text: string, at: number, proto: string, laterFragment: boolean): Transported | Reason {
  if (laterFragment || (proto !== 'tcp' && proto !== 'udp')) return NOTHING
  const expression = proto === 'tcp' ? TCP : UDP
  const found = matchAt(expression, text, at)
  if (!found) return refuseTransport(text, at, proto === 'tcp' ? TCP_FIELDS : UDP_FIELDS)
  const sport = parsePort(found[1]!)
  const dport = parsePort(found[2]!)
  if (sport === undefined || dport === undefined) return 'bad-number'
  if (proto === 'udp') return { sport, dport, flags: undefined, seq: undefined }
  const seq = readNumber(lineOf(found[4]!).bytes, 0, found[4]!.length, 0xffffffff)
  if (seq < 0 && found[4] !== '') return 'bad-number'
  return { sport, dport, flags: readFlags(found[3]!), seq: seq < 0 ? undefined : seq }
}

/** Source port, destination port, data length; TCP's also flags, sequence, acknowledgment, window, urgent, options. */
const UDP_FIELDS = 3
const TCP_FIELDS = 9

function refuseTransport(text: string, at: number, fields: number): Reason {
  // `errormsg='...'` stands where a header that contradicts itself ended.
  const isCut = text.slice(at).split(',').length < fields || text.includes("errormsg='", at)
  return isCut ? 'truncated' : 'not-this-dialect'
}

const FIRST_FIELDS = /\d{0,10},\d{0,10},/y
/** Fields up to the comma behind the destination, by IP version; a version cut off is a line cut off. */
const FIELDS_OF: ReadonlyMap<string | undefined, number> = new Map([['4', 21], ['6', 18], ['', 10], [undefined, 9]])
const VERSION_FIELD = 8

function refuse(text: string, at: number): Reason {
  if (text.startsWith('[|pflog]', at)) return 'truncated'
  if (!matchAt(FIRST_FIELDS, text, at)) return 'not-this-dialect'
  const fields = text.slice(at).split(',')
  return fields.length < (FIELDS_OF.get(fields[VERSION_FIELD]) ?? 0) ? 'truncated' : 'not-this-dialect'
}
