import { describe, expect, it } from 'vitest'
import type { Packet } from '../parsers/event.ts'
import { ipfwMessage } from '../parsers/ipfw.ts'
import type { Outcome } from '../parsers/parser.ts'
import { NO_STAMP } from '../parsers/time.ts'
import { packetOf, reasonOf } from './support/packet-outcome.ts'

const parse = (text: string): Outcome => ipfwMessage(text, 0, NO_STAMP)

const fields = (text: string): Packet => packetOf(parse(text))

const ENDS = '192.0.2.123:10584 192.0.2.31:22'

describe('ipfw', () => {
  it('reads TCP, whose flags it never shows', () => {
    expect(parse(`ipfw: 100 Deny TCP ${ENDS} in via em0`)).toEqual({
      stamp: NO_STAMP,
      fields: {
        kind: 'packet', proto: 'tcp', src: '192.0.2.123', sport: 10584, dst: '192.0.2.31', dport: 22, flags: undefined,
        seq: undefined, ipId: undefined, iface: 'em0', dir: 'in', action: 'Deny',
      },
    })
  })

  it.each([
    ['UDP [2001:db8::1]:5000 [2001:db8::2]:7000 out via vlan2', { proto: 'udp', src: '2001:db8::1', dport: 7000, dir: 'out', iface: 'vlan2' }],
    ['ICMP:8.0 192.0.2.1 192.0.2.2 in via em0', { proto: 'icmp', dport: undefined }],
    ['ICMP 192.0.2.1 192.0.2.2 in via em0 (frag 77:16@24)', { proto: 'icmp' }],
    ['ICMPv6:128.0 [2001:db8::1] [2001:db8::2] in via em0', { proto: 'icmp6', dst: '2001:db8::2' }],
    ['P:47 192.0.2.1 192.0.2.2 in via em0', { proto: 'ip-47' }],
    ['UDP 192.0.2.1 192.0.2.2 in via em0 (frag 77:16@24)', { proto: 'udp', dport: undefined }],
    ['UDP 192.0.2.1:5000 192.0.2.2:7000 in via em0 (frag 77:16@0+)', { dport: 7000 }],
    ['TCP [2001:db8::1] [2001:db8::2] in via em0 (frag 00000abc:24@24+)', { proto: 'tcp', dport: undefined }],
    [`TCP ${ENDS} in via em0 mark:0x1f`, { dport: 22 }],
    [`TCP ${ENDS} [no if info]`, { iface: undefined, dir: undefined, dport: 22 }],
  ])('%s', (packet, expected) => {
    expect(fields(`ipfw: 100 Deny ${packet}`)).toMatchObject(expected)
  })

  it.each([
    'Deny', 'Reset', 'Reject', 'Unreach 10', 'Accept', 'Count', 'Divert 8668', 'Tee 8668', 'SkipTo 700', 'Pipe 1', 'Queue 2',
    'Forward to 192.0.2.7', 'Forward to 192.0.2.7:8080', 'Forward to [2001:db8::7]:8080', 'Nat', 'Reass', 'Call 7', 'Return', 'Refuse',
  ])('action %s', (action) => {
    expect(fields(`ipfw: 65535 ${action} TCP ${ENDS} in via em0`)).toMatchObject({ action, src: '192.0.2.123', dport: 22 })
  })

  it('allows the uptime that the kernel may put before it', () => {
    expect(fields(`[12345.678901] ipfw: 100 Deny TCP ${ENDS} in via em0`).dport).toBe(22)
  })

  it.each([
    ['ipfw: limit 100 reached on entry 100', 'other-program'],
    ['ipfw: 800 Deny MAC in via em0', 'not-this-dialect'],
    ['ipfw2 (+ipv6) initialized, divert loadable', 'not-this-dialect'],
    [`ipfw: 100 Deny TCP ${ENDS} in via`, 'truncated'],
    [`ipfw: 100 Deny TCP ${ENDS}`, 'truncated'],
    ['ipfw: 100 Deny TCP 192.0.2.123:105', 'truncated'],
    ['ipfw: 100 Deny TCP 192.0.2.123:70000 192.0.2.31:22 in via em0', 'bad-number'],
    ['ipfw: 100 Deny TCP 192.0.2.123:10584 192.0.2.31:022 in via em0', 'bad-number'],
    ['ipfw: 100 Deny P:256 192.0.2.1 192.0.2.2 in via em0', 'bad-number'],
    ['ipfw: 100 Deny TCP host.example:10584 192.0.2.31:22 in via em0', 'bad-address'],
    ['ipfw: 100 Deny TCP 2001:db8::1:10584 [2001:db8::2]:22 in via em0', 'bad-address'],
    ['ipfw: 100 Deny TCP 192.0.2.123 192.0.2.31 in via em0', 'not-this-dialect'],
    ['ipfw: 100 Deny TCP 192.0.2.123:10584 192.0.2.31 in via em0', 'not-this-dialect'],
    ['ipfw: 100 Deny ICMP:8.0 192.0.2.123:7 192.0.2.31:8 in via em0', 'not-this-dialect'],
    [`x ipfw: 100 Deny TCP ${ENDS} in via em0`, 'not-this-dialect'],
    ['', 'not-this-dialect'],
  ])('%s: %s', (line, reason) => {
    expect(reasonOf(parse(line))).toBe(reason)
  })
})
