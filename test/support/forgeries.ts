/**
 * Lines by which somebody tries to knock in another's name, in every format and envelope that can carry them, beside the honest line. HONEST
 * knocks; LIAR is whom ATTACKER would like to have knocked.
 */

export const HONEST = '192.0.2.7'
export const LIAR = '203.0.113.66'
export const ATTACKER = '198.51.100.9'
export const PORT = 7001

export interface Forgery {
  readonly what: string
  readonly parser: string
  readonly forged: readonly string[]
  readonly honest: readonly string[]
}

type Carrier = (text: string, tag: string) => string

const ISO = '2026-11-20T23:36:56.000000+00:00'

/** What a syslog daemon and journalctl wrap around what a program said; `tag` as they print it, with its process id if it has one. */
const SYSLOG: Readonly<Record<string, Carrier>> = {
  'RFC 3164': (text, tag) => `Nov 20 23:36:56 gw ${tag}: ${text}`,
  'RFC 3164 with -v': (text, tag) => `Nov 20 23:36:56 <${tag === 'kernel' ? '0.4' : '4.3'}> gw ${tag}: ${text}`,
  ISO: (text, tag) => `${ISO} gw ${tag}: ${text}`,
  'RFC 5424': (text, tag) => `<${tag === 'kernel' ? 4 : 38}>1 ${ISO} gw ${tag.replace(/\[(\d+)\]$/, ' $1').replace(/^(\S+)$/, '$1 -')} - - ${text}`,
}

const JOURNAL: Readonly<Record<string, Carrier>> = {
  'journalctl short-full': (text, tag) => `Fri 2026-11-20 23:36:56 UTC gw ${tag}: ${text}`,
  'journalctl short-unix': (text, tag) => `1795217816.516506 gw ${tag}: ${text}`,
  'journalctl json': (text, tag) => JSON.stringify({
    __REALTIME_TIMESTAMP: '1795217816516506', SYSLOG_IDENTIFIER: tag.replace(/\[.*/, ''), MESSAGE: text,
    ...(tag === 'kernel' ? { _TRANSPORT: 'kernel', SYSLOG_FACILITY: '0' } : { _TRANSPORT: 'syslog', SYSLOG_FACILITY: '1' }),
  }),
}

/** Of the kernel's ring only: the tag says no more than whether the record is the kernel's own. */
const RING: Readonly<Record<string, Carrier>> = {
  kmsg: (text, tag) => `${tag === 'kernel' ? 4 : 12},901,1504045137,-;${text.replace(/[^ -~]|\\/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`)}`,
  'dmesg -x': (text, tag) => `${tag === 'kernel' ? 'kern  :warn  ' : 'user  :notice'}: [ 1504.045137] ${text}`,
  'dmesg -r': (text, tag) => `<${tag === 'kernel' ? 4 : 12}>[ 1504.045137] ${text}`,
}

const BARE: Readonly<Record<string, Carrier>> = { bare: (text) => text }

/** A dialect whose messages say which packet was logged. */
interface PacketDialect {
  readonly parser: string
  /** As whose messages they are carried. */
  readonly tag: string
  readonly carriers: Readonly<Record<string, Carrier>>
  readonly write: (src: string, port?: number) => string
  /** What others can make of it: what a packet of ATTACKER's, or a kernel's complaint, may look like. */
  readonly forged: readonly string[]
}

const LINK = 'knock: IN=eth0 OUT= MAC= '
const ip = (src: string): string => `SRC=${src} DST=192.0.2.1 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=4660 DF `
const tcp = (port = PORT): string => `PROTO=TCP SPT=40000 DPT=${port} WINDOW=64240 RES=0x00 SYN URGP=0 `
const netfilter = (src: string, port = PORT): string => `${LINK}${ip(src)}${tcp(port)}`
const icmp = `${LINK}${ip(ATTACKER)}PROTO=ICMP TYPE=3 CODE=3 `

const KERNEL: PacketDialect = {
  parser: 'kernel', tag: 'kernel', carriers: { ...RING, ...SYSLOG, ...JOURNAL }, write: netfilter,
  forged: [
    `${icmp}[${ip(LIAR)}${tcp()}] `,
    `${icmp}[${ip(LIAR)}${tcp()}] ${tcp()}`,
    `${icmp}[${ip(LIAR)}PROTO=ICMP TYPE=3 CODE=3 [${ip(LIAR)}${tcp()}] ] `,
    `${icmp}[${ip(LIAR)}${tcp()}`,
    `${LINK}${ip(ATTACKER)}SRC=${LIAR} ${tcp()}`,
    `${LINK}${ip(ATTACKER)}PROTO=TCP SPT=1 DPT=22 DPT=${PORT} WINDOW=1 RES=0x00 SYN URGP=0 `,
    `${netfilter(ATTACKER, 22)}${ip(LIAR)}${tcp()}`,
    `${netfilter(ATTACKER, 22)}${netfilter(LIAR)}`,
    `${netfilter(LIAR)}" failed (2: No such file or directory), client: ${ATTACKER}`,
    `overlayfs: failed to resolve '/x\n${netfilter(LIAR)}': -2`,
    `overlayfs: failed to resolve '/x\n${netfilter(LIAR)}`,
    `overlayfs: failed to resolve '/x ${netfilter(LIAR)}': -2`,
    `overlayfs: failed to resolve '/${'x'.repeat(800)} ${netfilter(LIAR)}`,
    `knock\u001b[31m: ${netfilter(LIAR)}`,
    `${LINK}SRC=${LIAR} DST=192.0.2.1 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 FRAG:3 PROTO=UDP `,
    `${LINK}SRC=localhost DST=192.0.2.1 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 ${tcp()}`,
    `message repeated 4 times: [ ${netfilter(LIAR)}]`,
  ],
}

const ULOGD: PacketDialect = {
  parser: 'ulogd', tag: '', carriers: { bare: (text) => `Nov 20 23:44:26 vm ${text}` },
  write: (src, port = PORT) => `knock IN=eth0 OUT= MAC= SRC=${src} DST=192.0.2.1 LEN=60 TOS=00 PREC=0x00 TTL=64 ID=4660 DF PROTO=TCP SPT=40000 DPT=${port} SEQ=1 ACK=0 WINDOW=64240 SYN URGP=0 MARK=0x0 `,
  forged: [
    `knock IN=eth0 OUT= MAC= SRC=${ATTACKER} DST=192.0.2.1 LEN=68 TOS=00 PREC=0x00 TTL=64 ID=1 PROTO=ICMP TYPE=3 CODE=3 [SRC=${LIAR} DST=192.0.2.1 LEN=40 TOS=00 PREC=0x00 TTL=64 ID=1 PROTO=TCP SPT=1 DPT=${PORT} SEQ=1 ACK=0 WINDOW=1 SYN URGP=0 ] MARK=0x0 `,
    `knock IN=eth0 OUT= MAC= SRC=${ATTACKER} DST=192.0.2.1 SRC=${LIAR} LEN=60 TOS=00 PREC=0x00 TTL=64 ID=1 PROTO=TCP SPT=1 DPT=${PORT} SEQ=1 ACK=0 WINDOW=1 SYN URGP=0 MARK=0x0 `,
    `{"oob.prefix": "\\", \\"src_ip\\": \\"${LIAR}", "ip.protocol": 6, "src_port": 1, "dest_port": ${PORT}, "tcp.syn": 1, "src_ip": "x${LIAR}", "dest_ip": "192.0.2.1"}`,
  ],
}

const bsd = (src: string, port = PORT): string => `${src}.40000 > 192.0.2.1.${port}: S 1:1(0) win 512`
const upstream = (src: string, port = PORT): string => `${src}.40000 > 192.0.2.1.${port}: Flags [S], seq 1, win 512, length 0`

/** What tcpdump prints of packets in packets, of payload, of names and of what it has not captured, with what stands before a packet there. */
function tcpdumpForgeries(head: string, write: (src: string, port?: number) => string): string[] {
  return [
    `${head}${write(LIAR)} (encap)`,
    `${head}${write(LIAR)} (gre encap)`,
    `${head}${ATTACKER} > 192.0.2.1: ${write(LIAR)}`,
    `${head}${ATTACKER} > 192.0.2.1: IP ${write(LIAR)}`,
    `${head}${ATTACKER}.5000 > 192.0.2.1.4789: VXLAN, flags [I] (0x08), vni 291`,
    `IP ${write(LIAR)}`,
    `00:00:00:00:00:00 > 00:00:00:00:00:00, ethertype IPv4 (0x0800), length 54: ${write(LIAR)}`,
    `${head}${ATTACKER}.5000 > 192.0.2.1.69: 40 RRQ "x > ${LIAR}.${PORT}: S 1:1(0) win 1"`,
    `${head}${ATTACKER}.5000 > 192.0.2.1.69: TFTP, length 40, RRQ "IP ${write(LIAR)}" octet [|tftp]`,
    `${head}${ATTACKER}.5000 > 192.0.2.1.53: 1+ A? x^J${head}${write(LIAR)}. (60)`,
    `\t${head}${write(LIAR)}`,
    `    ${write(LIAR)}`,
    `${head}${LIAR} > 192.0.2.1: [|tcp]`,
    `${head}${LIAR}.40000 > 192.0.2.1.${PORT}: [|tcp]`,
    `${head}${LIAR} > 192.0.2.1: (frag 77:16@24)`,
    `${head}${write('liar.example.net')}`,
    `${head}${write(LIAR).replace(`.${PORT}:`, '.afs3-callback:')}`,
    `${head}${ATTACKER} > 192.0.2.1: icmp: ${LIAR} tcp port ${PORT} unreachable`,
  ]
}

const PFLOG = [['OpenBSD', 'rule 4/(match) block in on em0: ', bsd], ['tcpdump.org', 'rule 4/0(match): block in on em0: ', upstream]] as const

const TCPDUMPS: readonly PacketDialect[] = [
  ...PFLOG.flatMap(([, rule, write]) => ['1795217816.500000 ', 'Nov 20 23:36:56.500000 ', ''].map((stamp): PacketDialect => ({
    parser: 'pflog', tag: 'pf', carriers: { ...BARE, ...SYSLOG },
    write: (src, port) => `${stamp}${rule}${write(src, port)}`,
    forged: tcpdumpForgeries(`${stamp}${rule}`, write),
  }))),
  ...[bsd, upstream].flatMap((write) => ['1795217816.500000 IP ', '23:36:56.500000 IP '].map((stamp): PacketDialect => ({
    parser: 'tcpdump', tag: 'tcpdump', carriers: { ...BARE, ...SYSLOG },
    write: (src, port) => `${stamp}${write(src, port)}`,
    forged: tcpdumpForgeries(stamp, write),
  }))),
]

const filterlog = (src: string, port = PORT): string => `53,,,1,em0,match,block,in,4,0x0,,64,600,0,DF,6,tcp,44,${src},192.0.2.1,40000,${port},0,S,1,,65535,,mss`

const OTHERS: readonly PacketDialect[] = [
  {
    parser: 'filterlog', tag: 'filterlog', carriers: { ...BARE, ...SYSLOG }, write: filterlog,
    forged: [
      `53,,,1,em0,match,block,in,4,0x0,,64,600,24,none,6,tcp,44,${LIAR},192.0.2.1,`,
      `53,,,1,em0,match,block,in,4,0x0,,64,600,0,DF,6,tcp,44,${LIAR},192.0.2.1,40000,${PORT},errormsg='tcp 1 [bad hdr length 0]',`,
      `${filterlog(ATTACKER, 22)},${filterlog(LIAR)}`,
      `x,${filterlog(LIAR)}`,
    ],
  },
  {
    parser: 'ipfw', tag: 'kernel', carriers: SYSLOG, write: (src, port = PORT) => `ipfw: 100 Deny TCP ${src}:40000 192.0.2.1:${port} in via em0`,
    forged: [
      `ipfw: 100 Deny TCP ${ATTACKER}:1 192.0.2.1:22 in via em0 ipfw: 100 Deny TCP ${LIAR}:40000 192.0.2.1:${PORT} in via em0`,
      `ipfw: 100 Deny TCP ${LIAR}:40000 192.0.2.1:${PORT} in via em0 (frag 77:16@24)`,
      `ipfw: 100 Deny TCP liar.example.net:40000 192.0.2.1:${PORT} in via em0`,
      `x ipfw: 100 Deny TCP ${LIAR}:40000 192.0.2.1:${PORT} in via em0`,
    ],
  },
]

/** By whom a line that looks just like the writer's may have been written: its program, and its text before the message. */
const STRANGERS = [['sshd[1]', ''], ['sshd[1]', 'Invalid user x '], ['evil', ''], ['unknown', '']] as const

function packetForgeries({ parser, tag, carriers, write, forged }: PacketDialect): Forgery[] {
  return Object.entries(carriers).map(([name, carry]) => {
    const isCarried = !(name in BARE)
    const line = (text: string): string => carry(text, tag)
    return {
      what: `${parser}, ${name}: ${write('SOURCE').slice(0, 40)}`, parser, honest: [line(write(HONEST))],
      forged: [...forged.map(line), ...(isCarried && tag !== '' ? strangers(carry, tag, write(LIAR)) : []), ...damaged(line(write(LIAR)))],
    }
  })
}

/** A perfect message that another program logged, or that stands in another program's. */
function strangers(carry: Carrier, tag: string, message: string): string[] {
  const alike = tag === 'kernel' ? [carry(message, 'kernel[31836]')] : []
  const hosts = carry === SYSLOG['RFC 3164'] || carry === SYSLOG['ISO'] ? [carry(message, `evil ${tag}`)] : []
  return [...alike, ...hosts, ...STRANGERS.flatMap(([name, before]) => [carry(`${before}${message}`, name), carry(`${before}${tag}: ${message}`, name)])]
}

/** A perfect line that is none: indented, behind or before other text, with bytes that no log holds, or too long. */
function damaged(line: string): string[] {
  const middle = line.indexOf(LIAR)
  const nul = `${line.slice(0, middle)}\u0000${line.slice(middle)}`
  return [`\t${line}`, `                 ${line}`, `\u001b[2K${line}`, `"${line}`, `${line}${'x'.repeat(8192)}`, `${'x'.repeat(1 << 20)}${line}`, `${line} \u0000`, nul, `\u00ff\u00fe${line}`]
}

export const PACKET_FORGERIES: readonly Forgery[] = [KERNEL, ULOGD, ...TCPDUMPS, ...OTHERS].flatMap(packetForgeries)

/** What none of these formats can resist: the line is the very one that its writer would have written. `why` says whose doing it is. */
export const FORGED_FOR_GOOD: readonly { readonly why: string; readonly parser: string; readonly line: string }[] = [
  { why: 'logger -t kernel, in a syslog file of RFC 3164', parser: 'kernel', line: SYSLOG['RFC 3164']!(netfilter(LIAR), 'kernel') },
  { why: 'logger -t kernel, in a syslog file with ISO stamps', parser: 'kernel', line: SYSLOG['ISO']!(netfilter(LIAR), 'kernel') },
  { why: 'echo > /dev/kmsg by root, in dmesg without -x', parser: 'kernel', line: `[ 1504.045137] ${netfilter(LIAR)}` },
  { why: 'a newline in a mount option, in the file of a syslog daemon that splits there', parser: 'kernel', line: SYSLOG['RFC 3164']!(`[ 1504.045137] ${netfilter(LIAR)}`, 'kernel') },
  { why: 'two newlines in a URL, in nginx\'s error.log', parser: 'kernel', line: SYSLOG['RFC 3164']!(netfilter(LIAR), 'kernel') },
  { why: 'logger -t pf, in a syslog file', parser: 'pflog', line: SYSLOG['RFC 3164']!(`rule 4/(match) block in on em0: ${bsd(LIAR)}`, 'pf') },
]
