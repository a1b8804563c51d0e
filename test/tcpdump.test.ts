import { describe, expect, it } from 'vitest'
import { flagNames, type Packet } from '../parsers/event.ts'
import { DEFAULT_CONTEXT, type Outcome } from '../parsers/parser.ts'
import { tcpdumpMessage } from '../parsers/tcpdump.ts'
import { MICROSECOND, NO_STAMP, type Micros, type Stamp } from '../parsers/time.ts'
import { packetOf, reasonOf } from './support/packet-outcome.ts'

const parse = (text: string, at = 0, stamp: Stamp = NO_STAMP): Outcome => tcpdumpMessage(text, at, stamp, DEFAULT_CONTEXT)

const fields = (text: string): Packet => packetOf(parse(text))

const SYN = '192.0.2.123.10584 > 192.0.2.31.22: Flags [S], seq 1111, win 64240, length 0'

describe("upstream's text", () => {
  it('gives the packet, and nothing that the line does not show', () => {
    expect(parse(`22:13:20.500000 IP ${SYN}`)).toEqual({
      stamp: { kind: 'local', at: { sinceMidnight: 80_000_500_000 }, resolution: MICROSECOND },
      fields: {
        kind: 'packet', proto: 'tcp', src: '192.0.2.123', sport: 10584, dst: '192.0.2.31', dport: 22, flags: 2, seq: 1111,
        ipId: undefined, iface: undefined, dir: undefined, action: undefined,
      },
    })
  })

  it.each([
    ['1700000000.500000 ', 'since-first'],
    [' 00:00:05.998374 ', 'since-first'],
    ['2023-11-14 22:13:20.500000 ', 'local'],
    ['000145 ', 'since-previous'],
  ])('stamp %j', (stamp, kind) => {
    expect(parse(`${stamp}IP ${SYN}`)).toMatchObject({ stamp: { kind }, fields: { dport: 22 } })
  })

  it('reads IPv6', () => {
    const packet = fields('22:13:20.500000 IP6 2001:db8::123.10584 > 2001:db8::31.22: Flags [S.], seq 1, ack 2, length 0')
    expect(packet).toMatchObject({ src: '2001:db8::123', dst: '2001:db8::31', sport: 10584, dport: 22 })
    expect(flagNames(packet.flags!)).toEqual(['SYN', 'ACK'])
  })

  it.each([
    ['eth0  In  IP ', 'eth0', 'in'],
    ['eth0  Out IP ', 'eth0', 'out'],
    ['wg0   M   IP ', 'wg0', 'in'],
    ['wg0   B   IP ', 'wg0', 'in'],
    ['enp0s31f6 P   IP ', 'enp0s31f6', 'forward'],
  ])('-i any: %s', (head, iface, dir) => {
    expect(fields(`22:13:20.500000 ${head}${SYN}`)).toMatchObject({ iface, dir, src: '192.0.2.123' })
    expect(fields(head + SYN)).toMatchObject({ iface, dir })
  })

  it.each([
    [`IP ${SYN}`, 'ambiguous'],
    [`IP6 2001:db8::1.1 > 2001:db8::2.22: Flags [S]`, 'ambiguous'],
    ['22:13:20.500000 IP 203.0.113.9 > 192.0.2.31: IP 198.51.100.66.1 > 192.0.2.31.22: Flags [S]', 'encapsulated'],
    ['22:13:20.500000 IP6 2001:db8::123 > 2001:db8::31: HBH 10584 > 22: Flags [S], seq 1', 'encapsulated'],
    ['00:00:00:00:00:00 > 00:00:00:00:00:00, ethertype IPv4 (0x0800), length 54: 198.51.100.66.1 > 192.0.2.31.22: Flags [S]', 'not-this-dialect'],
    ['22:13:20.5 00:00:5e:00:53:01 > 00:00:5e:00:53:02, ethertype IPv4 (0x0800), length 54: 192.0.2.1.1 > 192.0.2.2.22: Flags [S]', 'not-this-dialect'],
    ['22:13:20.500000 IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 60)', 'continuation'],
    ['    192.0.2.123.10584 > 192.0.2.31.22: Flags [S], seq 1', 'continuation'],
    ['\t0x0000:  4500 003c 1234 4000', 'continuation'],
    ['22:13:20.500000 ARP, Request who-has 192.0.2.31 tell 192.0.2.1, length 28', 'arp'],
    ['22:13:20.500000 IP bad.example.net.10584 > 192.0.2.31.ssh: Flags [S]', 'bad-address'],
    ['22:13:20.500000 IP 192.0.2.123.10584 > 192.0.2.31.70000: Flags [S]', 'bad-number'],
    ['22:13:20.500000 rule 4/(match) pass in on wg0: 192.0.2.123.10584 > 192.0.2.31.22: S', 'not-this-dialect'],
    ['listening on em0, link-type EN10MB (Ethernet), snapshot length 262144 bytes', 'not-this-dialect'],
    ['7 packets received by filter', 'not-this-dialect'],
  ])('%s: %s', (line, reason) => {
    expect(reasonOf(parse(line))).toBe(reason)
  })

  it('takes the outer packet where the payload spells another', () => {
    expect(fields('22:13:20.500000 IP 203.0.113.9.5000 > 192.0.2.31.69: TFTP, length 40, RRQ "x > 198.51.100.66.22: Flags [S], seq 1" octet'))
      .toMatchObject({ proto: 'udp', src: '203.0.113.9', dport: 69, flags: undefined })
  })
})

describe("OpenBSD's text", () => {
  it.each(['5.998374 ', 'Nov 14 22:13:20.500000 ', '22:13:20.500000 '])('after %j', (stamp) => {
    expect(fields(`${stamp}192.0.2.123.10584 > 192.0.2.31.22: S 1111:1111(0) win 512 (DF)`)).toMatchObject({ flags: 2, seq: 1111, dport: 22 })
    expect(fields(`${stamp}2001:db8::1.5000 > 2001:db8::2.7000: udp 5`)).toMatchObject({ proto: 'udp', src: '2001:db8::1', dport: 7000 })
  })

  it.each([
    ['198.51.100.66.1 > 192.0.2.31.22: S 1:1(0) win 512 (encap)', 'encapsulated'],
    ['5.998374 arp who-has 192.0.2.31 tell 192.0.2.1', 'arp'],
    ['5.998374 x 192.0.2.123.10584 > 192.0.2.31.22: S', 'not-this-dialect'],
  ])('%s: %s', (line, reason) => {
    expect(reasonOf(parse(line))).toBe(reason)
  })
})

describe('inside a syslog line', () => {
  it('the syslog stamp stands for a span, its own instant wins', () => {
    const head = 'Mar 30 15:33:26 gw tcpdump: '
    const envelope: Stamp = { kind: 'epoch', at: 7 as Micros, resolution: MICROSECOND }
    expect(parse(`${head} 00:00:05.998374 IP ${SYN}`, head.length, envelope)).toMatchObject({ stamp: envelope })
    expect(parse(`${head}1700000000.500000 IP ${SYN}`, head.length, envelope)).toMatchObject({ stamp: { at: 1_700_000_000_500_000 } })
  })
})
