import { address, allCounts, count, flagBits, hasControl, port } from './values.ts'
import { packetFields, type Reader, type Shown } from './reading.ts'

/**
 * The kernel's LOG lines by whole-line regular expressions, one for each pair of an IP header and a transport, after
 * net/netfilter/nf_log_syslog.c (dump_ipv4_packet, dump_ipv6_packet, nf_log_dump_tcp_header ...).
 */
type Groups = Readonly<Record<string, string | undefined>>

// Of values that no event carries only the characters are held to.
const MAC = '[0-9a-fA-F:]+'
const HEX = '[0-9A-Fa-fxX]+'
/** dev_valid_name() of net/core/dev.c. */
const NAME = String.raw`[^\s/:]{1,15}`
const LINK = `IN=(?<in>${NAME})? OUT=(?<out>${NAME})? (?:PHYSIN=${NAME} )?(?:PHYSOUT=${NAME} )?`
  + `(?:MAC=(?:${MAC})? )?(?:MACSRC=${MAC} )?(?:MACDST=${MAC} )?(?:VPROTO=${HEX} )?(?:VID=\\d+ )?(?:MACPROTO=${HEX} )?`
  + String.raw`(?:TUNNEL=[0-9a-fA-F:.>-]+ )?`
/** What stands for anything in brackets: `collapse` writes it. */
const UNIT = '\u0100 '

const IP4 = String.raw`SRC=(?<src>\S+) DST=(?<dst>\S+) LEN=\d+ TOS=${HEX} PREC=${HEX} TTL=\d+ ID=(?<id>\d+) `
  + String.raw`(?:CE )?(?:DF )?(?:MF )?(?:FRAG:(?<frag>\d+) )?(?:OPT ${UNIT})?`
const FRAGMENT = String.raw`FRAG:(?:\d+) (?:INCOMPLETE )?ID:${HEX} `
const IP6 = String.raw`SRC=(?<src>\S+) DST=(?<dst>\S+) LEN=\d+ TC=\d+ HOPLIMIT=\d+ FLOWLBL=\d+ `
  + `(?<extensions>(?:OPT ${UNIT}|${FRAGMENT})*)`

const FLAGS = ['AE', 'CWR', 'ECE', 'URG', 'ACK', 'PSH', 'RST', 'SYN', 'FIN']
const PORTS = String.raw`SPT=(?<spt>\d+) DPT=(?<dpt>\d+) `
/** What an ICMP error quotes is its sender's: nothing is read from it. */
const ICMP_REST = String.raw`TYPE=\d+ CODE=\d+ `
  + `(?:ID=\\d+ )?(?:SEQ=\\d+ )?(?:PARAMETER=\\d+ )?(?:POINTER=${HEX} )?(?:GATEWAY=[0-9a-fA-F:.]+ )?(?:${UNIT})?(?:MTU=\\d+ )?`

interface Layout {
  readonly ip6: string
  readonly transports: readonly Transport[]
}

interface Transport {
  readonly text: string
  /** Undefined: the protocol number is in the line. */
  readonly proto?: string
  /** Only behind a header that shows a later fragment. */
  readonly ofFragment?: true
}

const TRANSPORTS: readonly Transport[] = [
  {
    proto: 'tcp',
    text: String.raw`PROTO=TCP ${PORTS}(?:SEQ=(?<seq>\d+) )?(?:ACK=\d+ )?WINDOW=\d+ RES=${HEX} `
      + String.raw`(?<flags>${FLAGS.map((name) => `(?:${name} )?`).join('')})URGP=\d+ (?:OPT ${UNIT})?`,
  },
  { proto: 'tcp', ofFragment: true, text: 'PROTO=TCP ' },
  { proto: 'udp', text: String.raw`PROTO=UDP ${PORTS}LEN=\d+ ` },
  { proto: 'udp', ofFragment: true, text: 'PROTO=UDP ' },
  { proto: 'ip-136', text: String.raw`PROTO=UDPLITE ${PORTS}LEN=\d+ ` },
  { proto: 'ip-136', ofFragment: true, text: 'PROTO=UDPLITE ' },
  { proto: 'icmp', text: `PROTO=ICMP ${ICMP_REST}` },
  { proto: 'icmp', ofFragment: true, text: 'PROTO=ICMP ' },
  { proto: 'icmp6', text: `PROTO=ICMPv6 ${ICMP_REST}` },
  { proto: 'icmp6', ofFragment: true, text: 'PROTO=ICMPv6 ' },
  { proto: 'ip-51', text: `PROTO=AH SPI=${HEX} ` },
  { proto: 'ip-51', ofFragment: true, text: 'PROTO=AH ' },
  { proto: 'ip-50', text: `PROTO=ESP SPI=${HEX} ` },
  { proto: 'ip-50', ofFragment: true, text: 'PROTO=ESP ' },
  { text: String.raw`PROTO=(?<number>\d+) ` },
]
const OWNER = String.raw`(?:UID=\d+ )?(?:GID=\d+ )?(?:MARK=${HEX} )?`

function formsOf({ ip6, transports }: Layout): readonly Form[] {
  return [IP4, ip6].flatMap((header) => transports.map((transport) => ({ transport, expression: new RegExp(`^${LINK}${header}${transport.text}${OWNER}$`) })))
}

interface Form {
  readonly transport: Transport
  readonly expression: RegExp
}

const KERNEL_FORMS = formsOf({ ip6: IP6, transports: TRANSPORTS })

/** ulogd2 prints a TCP header and IPv6 fragments in another way (util/printpkt.c). */
const LOGEMU_TCP = String.raw`PROTO=TCP ${PORTS}SEQ=(?<seq>\d+) ACK=\d+ WINDOW=\d+ (?<flags>${FLAGS.slice(1).map((name) => `(?:${name} )?`).join('')})URGP=\d+ `
const LOGEMU_FORMS = formsOf({
  ip6: IP6.replaceAll('FRAG:', 'FRAG: ').replaceAll('ID:', 'ID: '),
  transports: TRANSPORTS.map((transport) => (transport.proto === 'tcp' && transport.ofFragment !== true ? { ...transport, text: LOGEMU_TCP } : transport)),
})

/** The text with every pair of brackets, and all within, in one character. Quoted text is printable; the kernel prints no backslash. */
function collapse(text: string): string {
  let inner = text
  for (;;) {
    const outer = inner.replaceAll(/[[(][\u0100 -'*-Z^-~]*[\])]/g, '\u0100')
    if (outer === inner) return outer
    inner = outer
  }
}

/** A LOG line from `IN=` on. */
function packetOf(text: string, forms: readonly Form[]): Shown[] {
  // Before the addresses stand names, which may hold brackets.
  const addresses = text.indexOf(' SRC=')
  const whole = `${text.slice(0, addresses)}${collapse(text.slice(addresses))}${text.endsWith(' ') ? '' : ' '}`
  return forms.flatMap(({ transport, expression }) => {
    const found = expression.exec(whole)?.groups as Groups | undefined
    const fields = found && isPossible(found, transport) ? fieldsOf(found, transport) : undefined
    return fields === undefined ? [] : [fields]
  })
}

function isPossible(found: Groups, transport: Transport): boolean {
  const isFragment = found['frag'] !== undefined || /FRAG: ?[1-9]/.test(found['extensions'] ?? '')
  if (isFragment !== (transport.ofFragment === true) && transport.proto !== undefined) return false
  return allCounts(65_535, found['id']) && allCounts(255, found['number']) && allCounts(4_294_967_295, found['seq'])
}

function fieldsOf(found: Groups, { proto }: Transport): Shown | undefined {
  const [src, dst] = [address(found['src']), address(found['dst'])]
  const [sport, dport] = [port(found['spt']), port(found['dpt'])]
  const portsAreWrong = found['spt'] !== undefined && (sport === undefined || dport === undefined)
  if (src === undefined || dst === undefined || portsAreWrong) return undefined
  return packetFields({
    proto: proto ?? `ip-${Number(found['number'])}`,
    src, dst, sport, dport,
    flags: found['flags'] === undefined ? undefined : flagBits(found['flags'].trim().split(' ').filter((name) => name !== '')),
    seq: count(found['seq'], 4_294_967_295),
    ipId: count(found['id'], 65_535),
    iface: found['in'] ?? found['out'],
    dir: directionOf(found),
  })
}

function directionOf(found: Groups): string | undefined {
  if (found['in'] === undefined) return found['out'] === undefined ? undefined : 'out'
  return found['out'] === undefined ? 'in' : 'forward'
}

/** printk cuts a record at about 1 KiB: what is this long may end where its writer wanted (LOG_LINE_MAX less the longest prefix). */
const PRINTK_LIMIT = 976
/** NF_LOG_PREFIXLEN: the NUL at its end, or the blank that ulogd writes in its place, counted. */
const MAX_PREFIX = 128

/** `[sec.usec] PREFIX` and the packet; the prefix is literal if it is known, any text of up to 127 bytes if it is not. */
export const kernel: Reader = (message, { prefix }) => {
  if (hasControl(message)) return []
  const texts = [message, message.replace(/^\[ *\d+\.\d{6}\] /, '')].filter((text) => text.length < PRINTK_LIMIT)
  return texts.flatMap((text) => beginnings(text, prefix).flatMap((at) => packetOf(text.slice(at), KERNEL_FORMS))).map((fields) => ({ fields }))
}

/** What stands behind LOGEMU's stamp and host: the prefix, a blank, the packet. */
export function logemuPackets(text: string): Shown[] {
  return beginnings(text, undefined).flatMap((at) => packetOf(text.slice(at), LOGEMU_FORMS))
}

function beginnings(text: string, prefix: string | undefined): number[] {
  if (prefix !== undefined) return text.startsWith(prefix) ? [prefix.length] : []
  return [...text.matchAll(/IN=/g)].map(({ index }) => index).filter((index) => index <= MAX_PREFIX)
}
