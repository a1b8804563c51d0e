import { address, count, flagBits, port, transportOf } from './values.ts'
import { packetFields, type Reader, type Reading, type Shown } from './reading.ts'
import { isoStamp, micros, NONE, wallStamp, type Stamp } from './stamps.ts'

/**
 * tcpdump's text: OpenBSD's (usr.sbin/tcpdump: util.c, print-pflog.c, print-ip.c, print-tcp.c, print-udp.c) and upstream's
 * (util-print.c, print-pflog.c, print-tcp.c ...). Every split of a line that their printf formats allow is tried.
 */
type Groups = Readonly<Record<string, string | undefined>>

const span = (kind: string, at: number): Stamp => ({ kind, at: at === 0 ? 0 : at, resolution: 1 })

function seconds(whole: string, decimals: string): number {
  const unsigned = Number(whole) * 1_000_000 + micros(decimals)
  // Old releases print a span below zero with %u.
  return Number(whole) > 4_000_000_000 ? unsigned - 4_294_967_296_000_000 : unsigned
}

/** Each stamp that -t, -tt ... print, with the blank behind it. */
const STAMPS: readonly (readonly [RegExp, (found: Groups, spans: string) => Stamp | undefined])[] = [
  [/^(?<s>-?\d+)\.(?<d>\d{6}|\d{9}) /, ({ s, d }, spans) => span(spans, seconds(s!, d!))],
  [/^(?<sign>[ -])(?<h>\d\d):(?<m>[0-5]\d):(?<s>[0-5]\d)\.(?<d>\d{6}|\d{9}) /, ({ sign, h, m, s, d }, spans) =>
    span(spans, (sign === '-' ? -1 : 1) * ((Number(h) * 3600 + Number(m) * 60 + Number(s)) * 1_000_000 + micros(d)))],
  [/^(?<d>\d{6}) /, ({ d }) => span('since-previous', Number(d))],
  [/^(?<s>\d+)\. ?(?<d>\d{6}) /, ({ s, d }) => span('since-previous', Number(s) * 1_000_000 + Number(d))],
  [/^(?<clock>\d\d:\d\d:\d\d)(?:\.(?<decimals>\d+))? /, ({ clock, decimals }) => wallStamp({ clock: clock!, decimals })],
  [/^(?<month>[A-Z][a-z]{2}) (?<day>[ \d]\d) (?<clock>\d\d:\d\d:\d\d)(?:\.(?<decimals>\d+))? /, ({ month, day, clock, decimals }) =>
    wallStamp({ month, day, clock: clock!, decimals })],
  [/^(?<iso>\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?) /, ({ iso }) => isoStamp(iso!)],
]

interface Stamped {
  readonly stamp: Stamp
  readonly text: string
}

function stamped(message: string, spans: string): Stamped[] {
  // rsyslog keeps the blank that followed a tag.
  const starts = message.startsWith(' ') ? [message, message.slice(1)] : [message]
  return starts.flatMap((start) => [
    { stamp: NONE, text: start },
    ...STAMPS.flatMap(([expression, read]) => {
      const found = expression.exec(start)
      const stamp = found && read(found.groups as Groups, spans)
      return stamp ? [{ stamp, text: start.slice(found[0].length) }] : []
    }),
  ])
}

const DIRECTIONS: Readonly<Record<string, string>> = { in: 'in', out: 'out', fwd: 'forward', In: 'in', Out: 'out', M: 'in', B: 'in', P: 'forward' }
const NAME = String.raw`(?<iface>[^\s:]{1,15})`

const HEADERS = [
  // OpenBSD
  String.raw`rule (?:def|\d*)(?:\.[^/]*)?/\((?:[a-z-]+|unkn \d+)\) (?:\[uid \d+, pid \d+\] )?(?<action>[a-z-]*|unkn\(\d+\)) (?<dir>in|out|in/out|fwd|unkn\(\d+\)) on ${NAME}: `
    + String.raw`(?:\[uid \d+, pid \d+\] )?(?:\[(?:rewritten: |orig )src [^\]]*\] )?`,
  // upstream
  String.raw`rule \d*(?:\.[^/]*)?/(?:\d+|unkn)\([^()]*(?:\([^()]*\))?[^()]*\)(?: \[uid \d+\])?(?: \[ridentifier \d+\])?: `
    + String.raw`(?<action>[a-z-]*|unkn\(\d+\)|dummynet \(Darwin\)) (?<dir>in|out|in/out|fwd|unkn\(\d+\)) on ${NAME}: `,
].map((header) => new RegExp(`^${header}(?<packet>.*)$`, 's'))

export const pflog: Reader = (message, { spans }) => stamped(message, spans).flatMap(({ stamp, text }) => HEADERS.flatMap((header) => {
  const found = header.exec(text)?.groups as Groups | undefined
  if (found === undefined) return []
  const more = { iface: found['iface'], dir: DIRECTIONS[found['dir']!], action: found['action'] === '' ? undefined : found['action'] }
  return packets(found['packet']!).map((fields): Reading => ({ fields: { ...fields, ...more }, stamp }))
}))

/** `eth0  In  IP `, as `-i any` prints it; `IP ` alone; nothing on OpenBSD. */
const ANY = new RegExp(String.raw`^(?:${NAME} +(?<dir>In|Out|M|B|P) +)?IP6? (?<packet>.*)$`, 's')

export const tcpdump: Reader = (message, { spans }) => stamped(message, spans).flatMap(({ stamp, text }) => {
  const found = ANY.exec(text)?.groups as Groups | undefined
  // The inner frame of VXLAN stands on a line of its own, and begins with `IP ` too.
  if (found !== undefined && stamp['kind'] === 'none' && found['iface'] === undefined) return []
  const more = { iface: found?.['iface'], dir: found?.['dir'] === undefined ? undefined : DIRECTIONS[found['dir']] }
  return packets(found?.['packet'] ?? text).map((fields): Reading => ({ fields: { ...fields, ...more }, stamp }))
})

/** Every packet that the text behind all headers may be. */
function packets(printed: string): Shown[] {
  // The inner packet alone is printed, and this behind it: the source is whatever the sender wrote.
  if (/ \((?:gre |mobile )?encap\)/.test(printed)) return []
  // -v prints the IP header in brackets that hold brackets: `(hlim 64, next-header TCP (6) payload length: 20) `.
  const [, header, text] = /^(?:truncated-ip6? - \d+ bytes missing! ?)?(\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\) ?)?(.*)$/s.exec(printed)!
  const ipId = count(/^\(tos 0x[^()]*, id (\d+), offset /.exec(header ?? '')?.[1], 65_535)
  // OpenBSD's print-ipsec.c names the transport first.
  const named = /^([a-z]+) (\S+) > (\S+)/i.exec(text!)
  if (named !== null) return portless(named[1]!).flatMap((shown) => packet(shown, end(named[2]!), end(named[3]!) ?? end(named[3]!.replace(/:$/, ''))))
  const found = /^(\S+) > (\S+)/.exec(text!)
  if (found === null) return []
  return colons(found[2]!).flatMap((at) => {
    const [from, to] = [end(found[1]!), end(found[2]!.slice(0, at))]
    // DHCPv6 is printed without the blank.
    const rest = text!.slice(found[1]!.length + 3 + at + 1).replace(/^(?! )/, ' ')
    if (from === undefined || to === undefined) return []
    return transports(rest, from, to).flatMap((shown) => packet({ ...shown, ipId }, from, to))
  })
}

function colons(text: string): number[] {
  return [...text.matchAll(/:/g)].map(({ index }) => index)
}

interface End {
  readonly host: string
  readonly port: number | undefined
}

/** `ADDRESS` or `ADDRESS.PORT`: the port stands behind the last dot. */
function end(text: string): End | undefined {
  const host = address(text)
  if (host !== undefined) return { host, port: undefined }
  const dot = text.lastIndexOf('.')
  const [before, number] = [address(text.slice(0, dot)), port(text.slice(dot + 1))]
  return before === undefined || number === undefined ? undefined : { host: before, port: number }
}

function packet(shown: Shown, from: End | undefined, to: End | undefined): Shown[] {
  if (from === undefined || to === undefined) return []
  return [packetFields({ ...shown, src: from.host, dst: to.host, sport: from.port, dport: to.port })]
}

/** What the text behind the addresses says of the transport: the printf formats' own beginnings. */
function transports(rest: string, from: End, to: End): Shown[] {
  if ((from.port === undefined) !== (to.port === undefined)) return []
  return from.port === undefined ? portless(rest) : [...tcp(rest), ...udpAndOthers(rest, from, to)]
}

const LETTERS: Readonly<Record<string, string>> = { F: 'FIN', S: 'SYN', R: 'RST', P: 'PSH', '.': 'ACK', U: 'URG', E: 'ECE', W: 'CWR', e: 'AE' }
const flagsOf = (letters: string): number => flagBits([...letters].map((letter) => LETTERS[letter]!))

const OPENBSD_TCP = new RegExp(String.raw`^ (?<letters>\.|(?=[SFRPWE])S?F?R?P?W?E?)(?: \[[^\]]*\])*(?: \(src OS: [^)]*\))?(?: (?<seq>\d+):\d+\(\d+\))?`
  + String.raw`(?<ack> ack \d+)? win \d+(?: .*)?$`, 's')
const UPSTREAM_TCP = /^ Flags \[(?<letters>none|(?=[FSRP.UEWe])F?S?R?P?\.?U?E?W?e?)\](?<body>(?:, .*)?)$/s
/** The flags are not printed: -q, or the capture ends before them. */
const FLAGLESS_TCP = /^ (?: ?tcp -?\d+(?: |$)| ?(?:\d+ ?)?\[\|tcp\]|truncated-tcp \d|(?:\.|[SFRPWE]+) \[bad hdr length\])/

function tcp(rest: string): Shown[] {
  if (FLAGLESS_TCP.test(rest)) return [{ proto: 'tcp' }]
  // People cut lines behind the flags when they quote them.
  const cut = /^ (?<letters>\.|S?F?R?P?W?E?)$/.exec(rest)?.groups as Groups | undefined
  if (cut !== undefined && cut['letters'] !== '') return [{ proto: 'tcp', flags: flagsOf(cut['letters'] === '.' ? '' : cut['letters']!) }]
  const openbsd = OPENBSD_TCP.exec(rest)?.groups as Groups | undefined
  if (openbsd !== undefined) return openbsdTcp(openbsd, rest)
  const upstream = UPSTREAM_TCP.exec(rest)?.groups as Groups | undefined
  if (upstream === undefined) return []
  // Something always follows the number: at the end of the line it may be cut.
  const seq = /^(?:, cksum 0x[0-9a-f]{1,4} \([^)]*\))?, seq (\d{1,10})(?::\d{1,10})?, /.exec(upstream['body']!)?.[1]
  const letters = upstream['letters'] === 'none' ? '' : upstream['letters']!
  const shown = { proto: 'tcp', flags: flagsOf(letters) }
  // A checksum note that is none of theirs hides the number.
  return [...withSequence(shown, seq), ...(upstream['body']!.startsWith(', cksum') ? [shown] : [])]
}

function withSequence(shown: Shown, seq: string | undefined): Shown[] {
  if (seq === undefined) return [shown]
  return Number(seq) <= 4_294_967_295 ? [{ ...shown, seq: Number(seq) }] : []
}

/** A lone `.` is a packet without the six letters; that it has an ACK or URG is said later. */
function openbsdTcp(found: Groups, rest: string): Shown[] {
  const letters = found['letters'] === '.' ? '' : found['letters']!
  const urgent = / win \d+ urg \d+(?: |$)/.test(rest) ? 'U' : ''
  return withSequence({ proto: 'tcp', flags: flagsOf(letters + (found['ack'] === undefined ? '' : '.') + urgent) }, found['seq'])
}

/** UDP is printed as `udp N`, `UDP, length N`, or by a decoder of its payload: as anything that is no other transport's. */
function udpAndOthers(rest: string, from: End, to: End): Shown[] {
  if (/^ *sctp\b/i.test(rest)) return [{ proto: 'ip-132' }]
  if (/^ *dccp\b/i.test(rest)) return [{ proto: 'ip-33' }]
  const number = /^ *ip-proto-(\d{1,3})(?: |$)/i.exec(rest)?.[1]
  if (number !== undefined) return [{ proto: transportOf(Number(number)) }]
  if (/^ *(?:udp \d+|UDP, |\[\|udp\]|\[(?:bad |no )?udp )/.test(rest)) return [{ proto: 'udp' }]
  // NFS is decoded in place of TCP's flags too.
  if (from.port === 2049 || to.port === 2049 || /^ *$/.test(rest) || tcp(rest).length > 0) return []
  return [{ proto: 'udp' }]
}

/** The words that name a transport without ports, behind extension headers and fragments, and IANA's numbers. */
const PORTLESS: readonly (readonly [RegExp, number])[] = [
  [/^icmp(?!6)/, 1], [/^icmp6/, 58], [/^igmp/, 2], [/^esp/, 50], [/^ah/, 51], [/^gre/, 47], [/^ospf/, 89], [/^pim/, 103], [/^(?:vrrp|carp)/, 112],
  [/^eigrp/, 88], [/^rsvp/, 46], [/^ipcomp/, 108], [/^mobile/, 55], [/^etherip/, 97],
]
const BEFORE_PORTLESS = /^ *(?:(?:HBH|DSTOPT|frag|\([^()]*\)) ?)*(?:\[\|)?/

function portless(rest: string): Shown[] {
  const named = rest.replace(BEFORE_PORTLESS, '').toLowerCase()
  const number = /^ip-proto-(\d+)/.exec(named)?.[1]
  if (number !== undefined) return Number(number) > 255 ? [] : [{ proto: transportOf(Number(number)) }]
  return PORTLESS.filter(([expression]) => expression.test(named)).map(([, proto]) => ({ proto: transportOf(proto) }))
}
