import { describe, expect, it } from 'vitest'
import { flagNames, type Packet } from '../parsers/event.ts'
import type { Outcome } from '../parsers/parser.ts'
import { ulogdMessage } from '../parsers/ulogd.ts'
import { packetOf } from './support/packet-outcome.ts'

const parse = (text: string): Outcome => ulogdMessage(text, 0)
const packet = (text: string): Packet => packetOf(parse(text))

const HEAD = 'Nov 20 23:44:26 vm '
const LINK = 'IN=eth0 OUT= MAC=00:00:5e:00:53:02:00:00:5e:00:53:01:08:00 '
const IP = 'SRC=192.0.2.123 DST=192.0.2.31 LEN=60 TOS=00 PREC=0x00 TTL=64 ID=4660 DF '
const IP6 = 'SRC=2001:db8::123 DST=2001:db8::31 LEN=80 TC=0 HOPLIMIT=64 FLOWLBL=0 '
const SYN = 'PROTO=TCP SPT=40000 DPT=7000 SEQ=1111 ACK=0 WINDOW=64240 SYN URGP=0 MARK=0x0 '
const UDP = 'PROTO=UDP SPT=5000 DPT=7000 LEN=9 MARK=0x0 '

describe('LOGEMU', () => {
  it('reads a SYN', () => {
    expect(parse(`${HEAD}knock ${LINK}${IP}${SYN}`)).toEqual({
      stamp: { kind: 'local', at: { year: undefined, month: 11, day: 20, sinceMidnight: 85_466_000_000 }, resolution: 1_000_000 },
      fields: {
        kind: 'packet', proto: 'tcp', src: '192.0.2.123', sport: 40000, dst: '192.0.2.31', dport: 7000, flags: 2,
        seq: 1111, ipId: 4660, iface: 'eth0', dir: 'in', action: undefined,
      },
    })
  })

  it.each([
    ['no prefix', `${HEAD} ${LINK}${IP}${UDP}`, { proto: 'udp', dport: 7000 }],
    ['IPv6', `${HEAD}knock6 ${LINK}${IP6}${SYN}`, { src: '2001:db8::123', dport: 7000, ipId: undefined }],
    ["IPv6 fragment, the first", `${HEAD}knock6 ${LINK}${IP6}FRAG: 0 ID: 00000abc ${SYN}`, { dport: 7000 }],
    ["IPv6 fragment, a later one", `${HEAD}knock6 ${LINK}${IP6}FRAG: 24 ID: 00000abc PROTO=TCP MARK=0x0 `, { proto: 'tcp', dport: undefined }],
    ['ICMP', `${HEAD} ${LINK}${IP}PROTO=ICMP TYPE=8 CODE=0 ID=77 SEQ=1 MARK=0x0 `, { proto: 'icmp', dport: undefined }],
    ['on its way out', `${HEAD}out IN= OUT=eth0 MAC= ${IP}${UDP}`, { iface: 'eth0', dir: 'out' }],
    ['a packet in the prefix', `${HEAD}SRC=198.51.100.66 DPT=22 ${LINK}${IP}${UDP}`, { src: '192.0.2.123', dport: 7000 }],
  ])('%s', (_what, text, expected) => {
    expect(packet(text)).toMatchObject(expected)
  })

  it.each([
    ['SYN', ['SYN']], ['ACK SYN', ['SYN', 'ACK']], ['URG ACK PSH RST SYN FIN', ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG']],
  ])('flags %s', (printed, names) => {
    expect(flagNames(packet(`${HEAD}knock ${LINK}${IP}${SYN.replace('SYN', printed)}`).flags!)).toEqual(names)
  })

  it.each([
    ['capture that ends early', `${HEAD}u ${LINK}${IP}PROTO=UDP INCOMPLETEMARK=0x0 `, 'truncated'],
    // Cut here, SYN FIN would be SYN.
    ['no URGP', `${HEAD}knock ${LINK}${IP}PROTO=TCP SPT=40000 DPT=7000 SEQ=1111 ACK=0 WINDOW=64240 SYN `, 'not-this-dialect'],
    ["ports of a later fragment are its sender's bytes", `${HEAD}u ${LINK}${IP.replace('DF', 'FRAG:3')}${UDP}`, 'not-this-dialect'],
    ["the kernel's RES", `${HEAD}knock ${LINK}${IP}${SYN.replace('SYN', 'RES=0x00 SYN')}`, 'not-this-dialect'],
    ['a second SRC', `${HEAD}knock ${LINK}SRC=198.51.100.66 ${IP}${UDP}`, 'not-this-dialect'],
    ['text behind', `${HEAD}knock ${LINK}${IP}${UDP}x`, 'not-this-dialect'],
    ['no host', `Nov 20 23:44:26 ${LINK}${IP}${UDP}`, 'not-this-dialect'],
    ['no stamp', `vm knock ${LINK}${IP}${UDP}`, 'not-this-dialect'],
    ['a control character', `${HEAD}kn\u001bock ${LINK}${IP}${UDP}`, 'control-characters'],
    ['a control character in the host', `${HEAD.replace('vm', 'v\u001bm')}knock ${LINK}${IP}${UDP}`, 'control-characters'],
    ['a time that does not exist', `${HEAD.replace('20', '31')}knock ${LINK}${IP}${UDP}`, 'bad-time'],
    ['a port too high', `${HEAD}knock ${LINK}${IP}${UDP.replace('7000', '65536')}`, 'bad-number'],
    ['an address that is none', `${HEAD}knock ${LINK}${IP.replace('.123', '.256')}${UDP}`, 'bad-address'],
  ])('refuses: %s', (_what, text, reason) => {
    expect(parse(text)).toBe(reason)
  })
})

const RECORD = {
  'timestamp': '2026-11-20T23:44:26.098750', 'oob.prefix': 'knock', 'oob.time.sec': 1_795_218_266, 'oob.time.usec': 98_750, 'ip.protocol': 6,
  'ip.id': 4660, 'ip.fragoff': 16_384, 'src_port': 40000, 'dest_port': 7000, 'tcp.seq': 1111, 'tcp.urg': 0, 'tcp.ack': 0, 'tcp.psh': 0, 'tcp.rst': 0,
  'tcp.syn': 1, 'tcp.fin': 0, 'oob.in': 'eth0', 'oob.out': '', 'src_ip': '192.0.2.123', 'dest_ip': '192.0.2.31',
}
const json = (changed: Record<string, unknown> = {}): string => JSON.stringify({ ...RECORD, ...changed })

describe('JSON', () => {
  it('reads a SYN', () => {
    expect(parse(json())).toEqual({
      stamp: { kind: 'epoch', at: 1_795_218_266_098_750, resolution: 1 },
      fields: {
        kind: 'packet', proto: 'tcp', src: '192.0.2.123', sport: 40000, dst: '192.0.2.31', dport: 7000, flags: 2,
        seq: 1111, ipId: 4660, iface: 'eth0', dir: 'in', action: undefined,
      },
    })
  })

  it.each([
    ['UDP', { 'ip.protocol': 17 }, { proto: 'udp', dport: 7000, flags: undefined, seq: undefined }],
    ['ICMP', { 'ip.protocol': 1, 'src_port': undefined, 'dest_port': undefined }, { proto: 'icmp', dport: undefined }],
    ['SCTP', { 'ip.protocol': 132 }, { proto: 'ip-132', dport: 7000 }],
    ['IPv6', { src_ip: '2001:db8::123' }, { src: '2001:db8::123' }],
    ['an IPv4-mapped address', { src_ip: '::ffff:192.0.2.123' }, { src: '192.0.2.123' }],
    ['the first fragment', { 'ip.fragoff': 0x2000 }, { dport: 7000, flags: 2 }],
    ['a later fragment', { 'ip.fragoff': 0x2003 }, { proto: 'tcp', sport: undefined, dport: undefined, flags: undefined, seq: undefined }],
    ['the last fragment', { 'ip.fragoff': 185 }, { dport: undefined }],
    ['the first fragment of IPv6', { 'ip.fragoff': undefined, 'ip6.fragoff': 0 }, { dport: 7000, flags: 2 }],
    ['a later fragment of IPv6', { 'ip.fragoff': undefined, 'ip6.fragoff': 24 }, { sport: undefined, dport: undefined, flags: undefined, seq: undefined }],
    ['no TCP header', { 'tcp.syn': undefined }, { dport: 7000, flags: undefined }],
    ['forwarded', { 'oob.out': 'eth1' }, { iface: 'eth0', dir: 'forward' }],
    ['on its way out', { 'oob.in': '', 'oob.out': 'eth1' }, { iface: 'eth1', dir: 'out' }],
    ['no interface', { 'oob.in': undefined, 'oob.out': undefined }, { iface: undefined, dir: undefined }],
    ['keys in the prefix', { 'oob.prefix': '", "src_ip": "198.51.100.66' }, { src: '192.0.2.123' }],
  ])('%s', (_what, changed, expected) => {
    expect(packet(json(changed))).toMatchObject(expected)
  })

  it.each([
    ['its own time', {}, { kind: 'epoch' }],
    ["ulogd's time, which has no zone", { 'oob.time.sec': undefined }, { kind: 'local', at: { year: 2026, month: 11, day: 20 } }],
    ['none', { 'oob.time.usec': 1_000_000, 'timestamp': undefined }, { kind: 'none' }],
  ])('takes %s', (_what, changed, stamp) => {
    expect(parse(json(changed))).toMatchObject({ stamp })
  })

  it.each([
    ['a port too high', { dest_port: 65_536 }, 'bad-number'],
    ['a port below zero', { src_port: -1 }, 'bad-number'],
    ['half a port', { dest_port: 7000.5 }, 'bad-number'],
    ['a port as text', { dest_port: '7000' }, 'bad-number'],
    ['one port only', { dest_port: undefined }, 'bad-number'],
    ['a protocol too high', { 'ip.protocol': 256 }, 'bad-number'],
    ['half a protocol', { 'ip.protocol': 6.5 }, 'bad-number'],
    ['a protocol by name', { 'ip.protocol': 'tcp' }, 'bad-number'],
    ['no ports', { src_port: undefined, dest_port: undefined }, 'truncated'],
    ['a name for an address', { src_ip: 'gateway' }, 'bad-address'],
    ['a number for an address', { src_ip: 3_221_226_107 }, 'bad-address'],
    ['no address', { dest_ip: undefined }, 'bad-address'],
    ['a time that does not exist', { 'oob.time.sec': undefined, 'timestamp': '2026-02-30T00:00:00' }, 'bad-time'],
    ['ARP', { 'ip.protocol': undefined }, 'not-this-dialect'],
  ])('refuses %s', (_what, changed, reason) => {
    expect(parse(json(changed))).toBe(reason)
  })

  it.each([
    ['cut', json().slice(0, -1), 'not-this-dialect'],
    ['two records', json() + json(), 'not-this-dialect'],
    ['bytes that are not UTF-8', json({ 'oob.prefix': '\u00e9' }), 'not-this-dialect'],
    ['a key with a DEL in it', json().replace('fragoff', 'fragoff\u007f'), 'control-characters'],
  ])('refuses a line: %s', (_what, text, reason) => {
    expect(parse(text)).toBe(reason)
  })
})
