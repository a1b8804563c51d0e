import { describe, expect, it } from 'vitest'
import { findDialect, parseLine } from '../parsers/dialects.ts'
import { flagNames, type Packet } from '../parsers/event.ts'
import { DEFAULT_CONTEXT, type Outcome, type ParseContext } from '../parsers/parser.ts'
import { packetOf } from './support/packet-outcome.ts'

const kernel = findDialect('kernel')!
const LINK = 'IN=eth0 OUT= MAC=00:00:5e:00:53:02:00:00:5e:00:53:01:08:00 '
const IP = 'SRC=192.0.2.123 DST=192.0.2.31 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=4660 DF '
const IP6 = 'SRC=2001:0db8:0000:0000:0000:0000:0000:0123 DST=2001:0db8:0000:0000:0000:0000:0000:0031 LEN=80 TC=0 HOPLIMIT=64 FLOWLBL=0 '
const SYN = 'PROTO=TCP SPT=40000 DPT=7000 WINDOW=64240 RES=0x00 SYN URGP=0 '
/** What somebody who is not 192.0.2.123 wants to be read. */
const FORGED = `${LINK}${IP.replace('123', '66')}${SYN}`
const PACKET = LINK + IP + SYN

const kmsg = (text: string): string => `4,1,1000000,-;${text}`
const parse = (line: string, context: Partial<ParseContext> = {}): Outcome => parseLine(kernel, line, { ...DEFAULT_CONTEXT, ...context })
const packet = (line: string, context?: Partial<ParseContext>): Packet => packetOf(parse(line, context))

it('reads a SYN', () => {
  expect(parse(kmsg(`knock: ${PACKET}`))).toEqual({
    stamp: { kind: 'uptime', at: 1_000_000, resolution: 1 },
    fields: {
      kind: 'packet', proto: 'tcp', src: '192.0.2.123', sport: 40000, dst: '192.0.2.31', dport: 7000, flags: 2,
      seq: undefined, ipId: 4660, iface: 'eth0', dir: 'in', action: undefined,
    },
  })
})

describe('the configured prefix', () => {
  const live = { prefix: 'knock: ' }

  it.each([
    ['from the first byte', `knock: ${PACKET}`],
    ["behind imklog's copy of the kernel's stamp", `[ 8442.088484] knock: ${PACKET}`],
  ])('is taken %s', (_where, text) => {
    expect(packet(kmsg(text), live)).toMatchObject({ src: '192.0.2.123', dport: 7000 })
  })

  it.each([
    ['another one', `drop: ${FORGED}`],
    ['a blank before it', ` knock: ${FORGED}`],
    ['a second stamp before it', `[ 8442.088484] [ 8442.088484] knock: ${FORGED}`],
    ['in other letters', `Knock: ${FORGED}`],
    ['the name of a folder that somebody mounted', `overlayfs: failed to resolve '/x\\x0aknock: ${FORGED}`],
    ['escaped as /dev/kmsg does', `knock\\x3a ${FORGED}`],
    ['an empty record', ''],
  ])('is not: %s', (_what, text) => {
    expect(parse(kmsg(text), live)).toBe('wrong-prefix')
  })

  it.each([
    ['text behind it', `knock: DPT=7000 ${FORGED}`],
    ['twice', `knock: knock: ${FORGED}`],
    ['a control character behind it', `knock: \\x1b[31m${FORGED}`],
    ['cut', 'knock: '],
  ])('must be followed by the packet: %s', (_what, text) => {
    expect(parse(kmsg(text), live)).toBe('not-this-dialect')
  })

  it('may hold what looks like a packet: it is the admin who chose it', () => {
    const prefix = 'SRC=198.51.100.66 DPT=22 '
    expect(packet(kmsg(prefix + PACKET), { prefix })).toMatchObject({ src: '192.0.2.123', dport: 7000 })
  })

  it('may be empty', () => {
    expect(packet(kmsg(PACKET), { prefix: '' }).dport).toBe(7000)
    expect(parse(kmsg(`x${FORGED}`), { prefix: '' })).toBe('not-this-dialect')
  })
})

describe('a prefix that is not known', () => {
  it.each([
    '', 'Shorewall:net2fw:DROP:', '[UFW BLOCK] ', 'DROP(src wan)', '[WAN_LOCAL-default-D]', 'SRC=6.6.6.6 DST=7.7.7.7 DPT=22 ', 'IN=', 'IN=eth1 ',
    'MAIN=', 'caf\u00c3\u00a9: ', 'x'.repeat(127),
  ])('%j', (prefix) => {
    expect(packet(kmsg(prefix + PACKET))).toMatchObject({ src: '192.0.2.123', dport: 7000, iface: 'eth0' })
  })

  it.each([
    ['longer than nft allows', 'x'.repeat(129)],
    ['a whole link part', 'IN=eth1 OUT= '],
    ['a whole packet', PACKET],
  ])('is refused: %s', (_what, prefix) => {
    expect(parse(kmsg(prefix + PACKET))).toBe('not-this-dialect')
  })

  it.each(['\u0000', '\t', '\u001b[31m', '\u007f', '\\x00', '\\x0a', '\\x1B[31m', '\\x7f'])('with the control character %j', (control) => {
    expect(parse(kmsg(`kn${control}ock: ${FORGED}`))).toBe('control-characters')
  })
})

describe('keys stand in their order, each once', () => {
  it.each([
    ['a second SRC', `${LINK}SRC=192.0.2.66 ${IP}${SYN}`],
    ['SRC again at the end', `${PACKET}SRC=192.0.2.66 `],
    ['a second DPT', `${LINK}${IP}PROTO=TCP SPT=40000 DPT=22 DPT=7000 WINDOW=64240 RES=0x00 SYN URGP=0 `],
    ['a second PROTO', `${LINK}${IP}PROTO=UDP ${SYN}`],
    ['DPT before SPT', `${LINK}${IP}PROTO=TCP DPT=7000 SPT=40000 WINDOW=64240 RES=0x00 SYN URGP=0 `],
    ['flags in another order', `${LINK}${IP}PROTO=TCP SPT=40000 DPT=7000 WINDOW=64240 RES=0x00 SYN ACK URGP=0 `],
    ['SYN twice', `${LINK}${IP}PROTO=TCP SPT=40000 DPT=7000 WINDOW=64240 RES=0x00 SYN SYN URGP=0 `],
    ['an unknown word', `${LINK}${IP}PROTO=TCP SPT=40000 DPT=7000 WINDOW=64240 RES=0x00 KNOCK SYN URGP=0 `],
    ['text behind the packet', `${PACKET}from 203.0.113.9`],
    ['two blanks', PACKET.replace(' DPT', '  DPT')],
    ['no addresses', `${LINK}${SYN}`],
    ['the head cut off', `TTL=126 ID=4660 DF ${SYN}`],
    ['no WINDOW', `${LINK}${IP}PROTO=TCP SPT=40000 DPT=7000 RES=0x00 SYN URGP=0 `],
    ['no URGP', `${LINK}${IP}PROTO=TCP SPT=40000 DPT=7000 WINDOW=64240 RES=0x00 SYN `],
    ['an IPv6 tail behind IPv4 ends', `${LINK}${IP.replace(/TOS.*/, 'HOPLIMIT=64 FLOWLBL=0 ')}${SYN}`],
    ['MARK before UID', `${PACKET}MARK=0x1 UID=0 GID=0 `],
    ['an interface whose name is too long', PACKET.replace('eth0', 'e'.repeat(16))],
    ['an interface whose name no kernel allows', PACKET.replace('eth0', 'a:b')],
    ['a path for an interface', PACKET.replace('eth0', 'a/b')],
    ['an interface with an escaped byte', PACKET.replace('eth0', 'eth0\\x1b')],
    ['what OUT= cut away', PACKET.replace('OUT= MAC=', 'OUT=')],
  ])('%s', (_what, text) => {
    expect(parse(kmsg(`knock: ${text}`))).toBe('not-this-dialect')
  })
})

describe('an ICMP error', () => {
  const forged = 'SRC=6.6.6.6 DST=7.7.7.7 LEN=40 TOS=0x00 PREC=0x00 TTL=64 ID=4660 PROTO=TCP SPT=1 DPT=7001 WINDOW=64240 RES=0x00 SYN URGP=0 '
  const icmp = (rest: string): string => kmsg(`knock: ${LINK}${IP}PROTO=ICMP TYPE=3 CODE=3 ${rest}`)

  it.each([
    `[${forged}] `, `[${forged}] MTU=1400 `, `[${forged.replace(/PROTO.*/, `PROTO=ICMP TYPE=3 CODE=1 [${forged}] `)}] `,
    '[SRC=6.6.6.6 DST=7.7.7.7 LEN=40 INCOMPLETE [8 bytes] ] ', '',
  ])('never shows what is inside: %s', (rest) => {
    expect(packet(icmp(rest))).toMatchObject({ proto: 'icmp', src: '192.0.2.123', dst: '192.0.2.31', sport: undefined, dport: undefined, flags: undefined })
  })

  it.each([
    ['not closed', `[${forged}`],
    ['closed too early', `[ ] ${forged}`],
    ['a packet behind it', `[${forged}] ${SYN}`],
    ['two of them', `[${forged}] [${forged}] `],
    ['a control character inside', `[${forged}\u001b[31m ] `],
    ['an escaped one inside', `[${forged}\\x0a ] `],
  ])('is refused: %s', (_what, rest) => {
    expect(parse(icmp(rest))).toBe('not-this-dialect')
  })
})

describe('fragments and captures that end early', () => {
  it.each([
    [`${IP.replace('DF', 'MF')}PROTO=UDP SPT=5001 DPT=7300 LEN=72 `, { proto: 'udp', dport: 7300 }],
    [`${IP.replace('DF', 'FRAG:3')}PROTO=UDP `, { proto: 'udp', dport: undefined }],
    [`${IP.replace('DF', 'MF FRAG:3')}PROTO=TCP `, { proto: 'tcp', dport: undefined, flags: undefined }],
    [`${IP6}FRAG:0 INCOMPLETE ID:00000abc ${SYN}`, { proto: 'tcp', dport: 7000 }],
    [`${IP6}FRAG:24 ID:00000abc PROTO=TCP `, { proto: 'tcp', dport: undefined }],
    [`${IP6}OPT ( ) ${SYN}`, { proto: 'tcp', dport: 7000 }],
    [`${IP6}FRAG:0 ID:00000abc OPT ( ) ${SYN}`, { proto: 'tcp', dport: 7000 }],
    [`${IP6}OPT ( ) FRAG:1448 ID:00000abc PROTO=UDP `, { proto: 'udp', dport: undefined }],
    [`${IP6}OPT ( ) OPT ( AH SPI=0x1234 ) ${SYN}`, { proto: 'tcp', dport: 7000 }],
  ])('%s', (text, expected) => {
    expect(packet(kmsg(LINK + text))).toMatchObject(expected)
  })

  it.each([
    'PROTO=TCP INCOMPLETE [12 bytes] ', 'PROTO=UDP INCOMPLETE [6 bytes] ', 'PROTO=ICMP TYPE=3 CODE=1 INCOMPLETE [18 bytes] ', 'TRUNCATED', 'PROTO=132', 'PROTO=UDP',
  ])('%s: truncated', (text) => {
    expect(parse(kmsg(LINK + IP + text))).toBe('truncated')
  })

  it('a later fragment that shows ports shows its sender’s bytes', () => {
    expect(parse(kmsg(`${LINK}${IP.replace('DF', 'FRAG:3')}PROTO=UDP SPT=5001 DPT=7300 LEN=72 `))).toBe('not-this-dialect')
  })
})

describe('what the rule’s options add', () => {
  it.each([
    ['--log-tcp-sequence', SYN.replace('WINDOW', 'SEQ=4294967295 ACK=0 WINDOW'), { seq: 4_294_967_295 }],
    ['--log-tcp-options', `${SYN}OPT (020405B40402080A000000010000000001030307) `, { dport: 7000 }],
    ['--log-ip-options', `OPT (94040000) ${SYN}`, { dport: 7000 }],
    ['--log-uid', `${SYN}UID=0 GID=0 MARK=0x1a `, { dport: 7000 }],
    ['a kernel with accurate ECN', SYN.replace('SYN', 'AE SYN'), { flags: 258 }],
    ['nothing at the end', SYN.trimEnd(), { dport: 7000 }],
  ])('%s', (_option, text, expected) => {
    expect(packet(kmsg(LINK + IP + text))).toMatchObject(expected)
  })

  it.each([
    ['IN=eth0 OUT= MAC= ', { iface: 'eth0', dir: 'in' }],
    ['IN=eth0 OUT= ', { iface: 'eth0', dir: 'in' }],
    ['IN=br0 OUT= PHYSIN=eth0 MAC= ', { iface: 'br0', dir: 'in' }],
    ['IN=eth0 OUT=eth1 PHYSIN=a PHYSOUT=b MAC= ', { iface: 'eth0', dir: 'forward' }],
    ['IN= OUT=eth0 ', { iface: 'eth0', dir: 'out' }],
    ['IN= OUT= ', { iface: undefined, dir: undefined }],
    ['IN=eth0 OUT= MACSRC=56:6f:17:ab:ca:03 MACDST=0a:af:3d:be:84:8f VPROTO=8100 VID=42 MACPROTO=0800 ', { iface: 'eth0', dir: 'in' }],
    ['IN=sit1 OUT= MAC= TUNNEL=203.0.113.9->192.0.2.31 ', { iface: 'sit1', dir: 'in' }],
  ])('%s', (link, expected) => {
    expect(packet(kmsg(link + IP + SYN))).toMatchObject({ ...expected, src: '192.0.2.123', dport: 7000 })
  })

  it.each([
    ['CWR ECE SYN', ['SYN', 'ECE', 'CWR']], ['ACK SYN', ['SYN', 'ACK']], ['URG PSH FIN', ['FIN', 'PSH', 'URG']],
  ])('flags %s', (printed, names) => {
    expect(flagNames(packet(kmsg(LINK + IP + SYN.replace('SYN', printed))).flags!)).toEqual(names)
  })

  it('a sequence number of more than 32 bits is none', () => {
    expect(parse(kmsg(LINK + IP + SYN.replace('WINDOW', 'SEQ=4294967296 ACK=0 WINDOW')))).toBe('bad-number')
  })

  it('no flags are none, not unknown', () => {
    expect(packet(kmsg(LINK + IP + SYN.replace('SYN ', ''))).flags).toBe(0)
  })
})

describe('other transports', () => {
  it.each([
    ['PROTO=UDPLITE SPT=5000 DPT=7000 LEN=9 ', 'ip-136'], ['PROTO=47 ', 'ip-47'], ['PROTO=6 ', 'ip-6'], ['PROTO=0 ', 'ip-0'], ['PROTO=ESP SPI=0xdeadbeef ', 'ip-50'],
    ['PROTO=AH SPI=0x1234 ', 'ip-51'], ['PROTO=ICMP TYPE=8 CODE=0 ID=77 SEQ=1 ', 'icmp'], ['PROTO=ICMPv6 TYPE=128 CODE=0 ID=7 SEQ=1 ', 'icmp6'],
  ])('%s', (text, proto) => {
    expect(packet(kmsg(LINK + IP + text))).toMatchObject({ proto, flags: undefined })
  })

  it.each(['PROTO=256 ', 'PROTO=047 ', 'PROTO=XYZ ', 'PROTO= ', 'PROTO=constructor '])('%s is none', (text) => {
    expect(parse(kmsg(LINK + IP + text))).toBe('not-this-dialect')
  })

  it('ARP has no addresses that knock', () => {
    expect(parse(kmsg(`${LINK}ARP HTYPE=1 PTYPE=0x0800 OPCODE=1 MACSRC=56:6f:17:ab:ca:03 IPSRC=192.0.2.66 MACDST=00:00:00:00:00:00 IPDST=192.0.2.31`)))
      .toBe('arp')
  })
})

describe('a record that fills the kernel’s limit may be cut where its writer wanted', () => {
  const filled = (length: number): string => kmsg(`${PACKET}OPT (${'A'.repeat(length - PACKET.length - 6)}) `.slice(0, length))

  it('just below it is whole', () => {
    expect(packet(filled(975))).toMatchObject({ dport: 7000 })
  })

  it.each([976, 992, 1023])('%i bytes', (length) => {
    expect(parse(filled(length))).toBe('at-printk-limit')
  })
})
