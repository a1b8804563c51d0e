import { describe, expect, it } from 'vitest'
import { flagNames, type Packet } from '../parsers/event.ts'
import { filterlogMessage } from '../parsers/filterlog.ts'
import type { Outcome } from '../parsers/parser.ts'
import { NO_STAMP } from '../parsers/time.ts'
import { packetOf, reasonOf } from './support/packet-outcome.ts'

const parse = (text: string, at = 0): Outcome => filterlogMessage(text, at, NO_STAMP)

const fields = (text: string): Packet => packetOf(parse(text))

const RULE = '53,,,1000102631,em0,match,block,in,'
const IP4 = '4,0x0,,64,600,0,DF,6,tcp,44,192.0.2.123,192.0.2.31,'
const TCP = '53792,22,0,S,31552001,,65535,,'

describe('filterlog', () => {
  it('reads TCP over IPv4', () => {
    expect(parse(`${RULE}${IP4}${TCP}mss;nop;wscale`)).toEqual({
      stamp: NO_STAMP,
      fields: {
        kind: 'packet', proto: 'tcp', src: '192.0.2.123', sport: 53792, dst: '192.0.2.31', dport: 22, flags: 2,
        seq: 31552001, ipId: 600, iface: 'em0', dir: 'in', action: 'block',
      },
    })
  })

  it.each([
    ['S', ['SYN']], ['SA', ['SYN', 'ACK']], ['FPA', ['FIN', 'PSH', 'ACK']], ['SEC', ['SYN', 'ECE', 'CWR']],
    ['FSRPAUEC', ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR']], ['', []],
  ])('flags %s', (letters, names) => {
    expect(flagNames(fields(`${RULE}${IP4}53792,22,0,${letters},,,65535,,`).flags!)).toEqual(names)
  })

  it.each([
    ['29633380:29633800', 29_633_380], ['4294967295', 4_294_967_295], ['', undefined],
  ])('sequence %s', (printed, seq) => {
    expect(fields(`${RULE}${IP4}53792,22,420,PA,${printed},3617062173,65535,,`).seq).toBe(seq)
  })

  it.each([
    [`${RULE}4,0x0,,64,601,0,none,17,udp,33,192.0.2.123,192.0.2.31,5000,7000,13`, { proto: 'udp', dport: 7000, ipId: 601, flags: undefined }],
    [`${RULE}6,0x00,0x0ea87,64,UDP,17,13,2001:db8::1,2001:db8::2,5000,8000,13`, { proto: 'udp', src: '2001:db8::1', dport: 8000, ipId: undefined }],
    [`${RULE}6,0x00,0x0ea87,64,TCP,6,44,2001:db8::1,2001:db8::2,${TCP}mss`, { proto: 'tcp', dport: 22, flags: 2 }],
    [`${RULE}6,0x00,0x00000,255,ipv6-icmp,58,144,2001:db8::1,ff02::1,`, { proto: 'icmp6', dport: undefined }],
    [`${RULE}4,0x0,,64,1,0,none,1,icmp,60,192.0.2.1,192.0.2.2,request,1,1`, { proto: 'icmp', dport: undefined }],
    [`${RULE}4,0x0,,64,77,24,+,6,tcp,36,192.0.2.123,192.0.2.31,`, { proto: 'tcp', dport: undefined, flags: undefined, ipId: 77 }],
    [`${RULE}4,truncated-ip=60,0x0,,64,1,0,DF,17,UDP,60,192.0.2.1,192.0.2.2,5000,7000,40`, { proto: 'udp', src: '192.0.2.1', dport: 7000 }],
    [`${RULE}4,error='truncated-ip 20 bytes missing!',0x2,0,64,1,0,DF,17,udp,60,192.0.2.1,192.0.2.2,5000,7000,40`, { dport: 7000 }],
    [`,,,0,em0,short,block,out,${IP4}${TCP}`, { dir: 'out', dport: 22 }],
    [`7,16777216,knock,0,vmx1,match,pass,in/out,${IP4}${TCP}`, { dir: undefined, iface: 'vmx1', action: 'pass' }],
    // The number decides: the name comes from /etc/protocols.
    [`${RULE}4,0x0,,64,600,0,DF,17,tcp,44,192.0.2.123,192.0.2.31,5000,7000,13`, { proto: 'udp', dport: 7000 }],
    [`${RULE}4,0x0,,64,2,0,none,4,ipencap,60,203.0.113.9,192.0.2.31,IPV4-IN-IPV4,`, { proto: 'ip-4', src: '203.0.113.9', dport: undefined }],
  ])('%s', (line, expected) => {
    expect(fields(line)).toMatchObject(expected)
  })

  it('accepts the blank that rsyslog leaves inside an envelope only', () => {
    expect(parse(` ${RULE}${IP4}${TCP}`)).toBe('not-this-dialect')
    expect(parse(`- ${RULE}${IP4}${TCP}`, 1)).toMatchObject({ fields: { dport: 22 } })
  })

  it('is never a knock when it was cut anywhere before the options', () => {
    const line = `${RULE}${IP4}${TCP}`
    for (let length = 4; length < line.length; length++) {
      expect([line.slice(0, length), reasonOf(parse(line.slice(0, length)))]).toEqual([line.slice(0, length), 'truncated'])
    }
  })

  it.each([
    [`${RULE}4,0xc0,,1,0,0,DF,2,igmp,32`, 'truncated'],
    [`${RULE}4,0x0,,64,601,0,none,17,udp,33,192.0.2.123,192.0.2.31,5000,7000`, 'truncated'],
    [`${RULE}${IP4}errormsg='tcp 20 [bad hdr length 0 - too short < 20]',`, 'truncated'],
    [`${RULE}${IP4}53792,22,0,S,errormsg='[bad hdr length 60 - too long, > 20]',`, 'truncated'],
    [`${RULE}4,[|ip],`, 'truncated'],
    [`${RULE}4,bad-hlen=8,`, 'truncated'],
    ['[|pflog]', 'truncated'],
    [`${RULE}${IP4}notaport,22,0,S,31552001,,65535,,mss`, 'bad-number'],
    [`${RULE}${IP4}53792,65536,0,S,31552001,,65535,,mss`, 'bad-number'],
    [`${RULE}${IP4}53792,22,0,S,4294967296,,65535,,mss`, 'bad-number'],
    [`${RULE}4,0x0,,64,600,0,DF,256,tcp,44,192.0.2.123,192.0.2.31,${TCP}`, 'bad-number'],
    [`${RULE}4,0x0,,64,600,0,DF,6,tcp,44,192.0.2.300,192.0.2.31,${TCP}`, 'bad-address'],
    [`${RULE}4,0x0,,64,600,0,DF,6,tcp,44,host.example,192.0.2.31,${TCP}`, 'bad-address'],
    [`${RULE}4,0x0,,64,601,0,none,17,udp,33,192.0.2.123,192.0.2.31,5000,7000,13,S,1`, 'not-this-dialect'],
    [`${RULE}${IP4}53792,22,0,AS,31552001,,65535,,`, 'not-this-dialect'],
    [`${RULE}99,0x0,,64,600,0,DF,6,tcp,44,192.0.2.123,192.0.2.31,${TCP}`, 'not-this-dialect'],
    [`x,,,1,em0,match,block,in,${IP4}${TCP}`, 'not-this-dialect'],
    ['just another line', 'not-this-dialect'],
    ['', 'not-this-dialect'],
  ])('%s: %s', (line, reason) => {
    expect(reasonOf(parse(line))).toBe(reason)
  })
})
