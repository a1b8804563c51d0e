import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { flagNames, type Packet } from '../parsers/event.ts'
import { DEFAULT_CONTEXT, isParsed, type Outcome } from '../parsers/parser.ts'
import { pflogMessage } from '../parsers/pflog.ts'
import { MICROSECOND, NO_STAMP, type Stamp } from '../parsers/time.ts'
import { packetOf, reasonOf } from './support/packet-outcome.ts'

const parse = (text: string, at = 0, stamp: Stamp = NO_STAMP): Outcome => pflogMessage(text, at, stamp, DEFAULT_CONTEXT)

const end = (address: string, port: number | undefined): string => (port === undefined ? address : `${address}.${port}`)

/** The packet in one line: `tcp 192.0.2.1.5 > 192.0.2.2.22 SYN`; flags that are not known are `?`. */
function show(outcome: Outcome): string {
  if (!isParsed(outcome)) return reasonOf(outcome)!
  const { proto, src, sport, dst, dport, flags } = outcome.fields as Packet
  const shown = proto !== 'tcp' ? '' : ` ${flags === undefined ? '?' : flagNames(flags).join() || 'NULL'}`
  return `${proto} ${end(src, sport)} > ${end(dst, dport)}${shown}`
}

const fields = (text: string): Packet => packetOf(parse(text))

const OPENBSD = 'rule 4/(match) pass in on wg0: '
const UPSTREAM = 'rule 4/0(match): pass in on wg0: '
const ENDS = '192.0.2.123.10584 > 192.0.2.31.22: '
const SPAN = 'since-first'

describe('a line cut behind its flags', () => {
  it('is a SYN, though its author cut it after the flags', () => {
    expect(parse('5.998374 rule 4/(match) pass in on wg0: 192.0.2.123.10584 > 192.0.2.31.22: S')).toEqual({
      stamp: { kind: SPAN, at: 5_998_374, resolution: MICROSECOND },
      fields: {
        kind: 'packet', proto: 'tcp', src: '192.0.2.123', sport: 10584, dst: '192.0.2.31', dport: 22, flags: 2,
        seq: undefined, ipId: undefined, iface: 'wg0', dir: 'in', action: 'pass',
      },
    })
  })
})

describe("OpenBSD's header", () => {
  it.each([
    ['rule def/(short) block in on em0: ', 'block', 'in', 'em0'],
    ['rule 7.knock.2/(match) pass out on vlan2: ', 'pass', 'out', 'vlan2'],
    ['rule 7.my-anchor v1.0.def/(match) match in on em0: ', 'match', 'in', 'em0'],
    ['rule 4/(unkn 20) pass in on em0: ', 'pass', 'in', 'em0'],
    ['rule 4/(state-limit)  in on em0: ', undefined, 'in', 'em0'],
    ['rule 4/(match) [uid 0, pid 4711] pass in on em0: [uid 1000, pid 4712] ', 'pass', 'in', 'em0'],
    ['rule 4/(match) pass in on em0: [rewritten: src 192.0.2.9:5, dst 192.0.2.8:22] ', 'pass', 'in', 'em0'],
    ['rule 4/(match) pass in on em0: [orig src 192.0.2.9:5, dst 192.0.2.8:22] ', 'pass', 'in', 'em0'],
  ])('%s', (header, action, dir, iface) => {
    expect(fields(`${header}${ENDS}S 1:1(0) win 512`)).toMatchObject({ src: '192.0.2.123', dport: 22, action, dir, iface })
  })
})

describe("upstream's header", () => {
  it.each([
    ['rule 4/0(match): pass in on wg0: ', 'pass', 'in'],
    ['rule /0(match): block in on wg0: ', 'block', 'in'],
    ['rule 4294967295/3(short): block out on wg0: ', 'block', 'out'],
    ['rule 7.knock/0(match): pass in on wg0: ', 'pass', 'in'],
    ['rule 4/0(match) [uid 0] [ridentifier 12]: synproxy-drop in on wg0: ', 'synproxy-drop', 'in'],
    ['rule 4/unkn(15): unkn(12) in/out on wg0: ', 'unkn(12)', undefined],
    ['rule 4/0(match): pass fwd on wg0: ', 'pass', 'forward'],
  ])('%s', (header, action, dir) => {
    expect(fields(`${header}${ENDS}Flags [S], seq 1, win 512, length 0`)).toMatchObject({ dport: 22, action, dir, iface: 'wg0' })
  })

  it.each(['rule 4/match pass in on wg0: ', 'rule 4/0(match) pass in on wg0: ', 'rule x/(match) pass in on wg0: ', 'Rule 4/(match) pass in on wg0: '])(
    'refuses %s', (header) => {
      expect(parse(`${header}${ENDS}S`)).toBe('not-this-dialect')
    })
})

describe('TCP flags', () => {
  it.each([
    ['S 1:1(0) win 512', 'SYN', 1],
    ['S 1:1(0) ack 2 win 512', 'SYN,ACK', 1],
    ['SW 1:1(0) win 512', 'SYN,CWR', 1],
    ['SWE 1:1(0) win 512 <mss 1460,sackOK,timestamp 6440374[|tcp]> (DF)', 'SYN,ECE,CWR', 1],
    ['FP 10:12(2) ack 7 win 512 urg 1', 'FIN,PSH,ACK,URG', 10],
    ['R 4294967295:4294967295(0) win 0', 'RST', 4_294_967_295],
    ['. ack 2951513182 win 16332 (DF) [tos 0x10]', 'ACK', undefined],
    ['. win 512', 'NULL', undefined],
    ['S [tcp sum ok] 1:1(0) win 512', 'SYN', 1],
    ['S [bad tcp cksum 1! -> 2] (src OS: OpenBSD 3.0) 1:1(0) ack 3 win 512', 'SYN,ACK', 1],
    ['S', 'SYN', undefined],
    ['S [bad hdr length]', '?', undefined],
    ['tcp 0', '?', undefined],
    ['tcp 4294967295', '?', undefined],
    ['[|tcp] (DF)', '?', undefined],
    ['1111 [|tcp]', '?', undefined],
  ])('OpenBSD %s', (text, flags, seq) => {
    expect(show(parse(OPENBSD + ENDS + text))).toBe(`tcp 192.0.2.123.10584 > 192.0.2.31.22 ${flags}`)
    expect(fields(OPENBSD + ENDS + text).seq).toBe(seq)
  })

  it.each([
    ['Flags [S], seq 1111, win 64240, options [mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 10], length 0', 'SYN', 1111],
    ['Flags [S.], seq 1111, ack 7, win 64240, length 0', 'SYN,ACK', 1111],
    ['Flags [P.], seq 1111:1177, ack 1, win 64240, length 66: HTTP: GET / HTTP/1.1', 'PSH,ACK', 1111],
    ['Flags [SP.UEW], seq 1111, ack 7, win 64240, urg 0, length 0', 'SYN,PSH,ACK,URG,ECE,CWR', 1111],
    ['Flags [SEWe], seq 1111, win 64240, length 0', 'SYN,ECE,CWR,AE', 1111],
    ['Flags [none], win 64240, length 0', 'NULL', undefined],
    ['Flags [.], ack 1, win 64240, length 0', 'ACK', undefined],
    ['Flags [S], cksum 0x9aab (incorrect -> 0x1234), seq 1111, win 64240, length 0', 'SYN', 1111],
    ['Flags [S]', 'SYN', undefined],
    ['Flags [S], seq 11', 'SYN', undefined],
    ['Flags [S], seq 1111:11', 'SYN', undefined],
    [' [|tcp]', '?', undefined],
    [' tcp 0 [bad hdr length 0 - too short, < 20]', '?', undefined],
  ])('upstream %s', (text, flags, seq) => {
    expect(show(parse(UPSTREAM + ENDS + text))).toBe(`tcp 192.0.2.123.10584 > 192.0.2.31.22 ${flags}`)
    expect(fields(UPSTREAM + ENDS + text).seq).toBe(seq)
  })

  it.each(['S 4294967296:4294967296(0) win 512', 'Flags [S], seq 4294967296, win 512'])('a sequence number has 32 bits: %s', (text) => {
    expect(parse(OPENBSD + ENDS + text)).toBe('bad-number')
  })

  it.each(['Flags [], seq 1', 'Flags [SF], seq 1', 'Flags [S', 'Flags [S] seq 1, win 512', 'Flags [S],seq 1, win 512', 'Flags [S]]', 'S 1:1(0) acknowledged', 'FS 1:1(0) win 5', 'SX ack 7 win 5', 'S ack'])(
    'makes neither TCP nor UDP of %s', (text) => {
      expect(parse(OPENBSD + ENDS + text)).toBe('not-this-dialect')
    })

  it('does not take a SYN whose end is missing for one without ACK', () => {
    expect(parse(`${OPENBSD}${ENDS}S 1111:1111(0)`)).toBe('truncated')
    expect(parse(`${UPSTREAM}${ENDS}Fla`)).toBe('truncated')
    expect(parse(OPENBSD + ENDS)).toBe('truncated')
    expect(parse(`${OPENBSD}${ENDS}   `)).toBe('truncated')
  })
})

describe('other transports', () => {
  it.each([
    ['192.0.2.1.1514 > 192.0.2.2.7000: udp 73', 'udp 192.0.2.1.1514 > 192.0.2.2.7000'],
    ['192.0.2.1.1514 > 192.0.2.2.7000:  udp 73', 'udp 192.0.2.1.1514 > 192.0.2.2.7000'],
    ['192.0.2.1.5000 > 192.0.2.2.7000:  [|rx] (5)', 'udp 192.0.2.1.5000 > 192.0.2.2.7000'],
    ['192.0.2.1.5000 > 192.0.2.2.123: v4 client strat 0 poll 0 prec 0 [tos 0x10]', 'udp 192.0.2.1.5000 > 192.0.2.2.123'],
    ['2001:db8::1.546 > ff02::1:2.547:dhcp6 solicit [hlim 1]', 'udp 2001:db8::1.546 > ff02::1:2.547'],
    ['2001:db8::1.546 > ff02::1:2.547: dhcp6 solicit', 'udp 2001:db8::1.546 > ff02::1:2.547'],
    ['truncated-ip - 20 bytes missing!192.0.2.1.5 > 192.0.2.2.6: udp 99', 'udp 192.0.2.1.5 > 192.0.2.2.6'],
    ['192.0.2.1.5 > 192.0.2.2.6: sctp (1) [INIT]', 'ip-132 192.0.2.1.5 > 192.0.2.2.6'],
    ['192.0.2.1.5 > 192.0.2.2.6:  DCCP (CCVal 0, CsCov 0)', 'ip-33 192.0.2.1.5 > 192.0.2.2.6'],
    ['192.0.2.1 > 192.0.2.2: icmp: 192.0.2.2 udp port 7000 unreachable', 'icmp 192.0.2.1 > 192.0.2.2'],
    ['192.0.2.1 > 192.0.2.2: ICMP echo request, id 1, seq 1, length 16', 'icmp 192.0.2.1 > 192.0.2.2'],
    ['192.0.2.1 > 192.0.2.2: [|icmp]', 'icmp 192.0.2.1 > 192.0.2.2'],
    [':: > ff02::16: HBH icmp6: type-#143 [hlim 1]', 'icmp6 :: > ff02::16'],
    ['2001:db8::1 > ff02::16: HBH ICMP6, multicast listener report v2', 'icmp6 2001:db8::1 > ff02::16'],
    ['192.0.2.1 > 224.0.0.22: igmp-2 [v2] (DF)', 'ip-2 192.0.2.1 > 224.0.0.22'],
    ['192.0.2.1 > 192.0.2.2: ip-proto-17', 'udp 192.0.2.1 > 192.0.2.2'],
    ['192.0.2.1 > 192.0.2.2: ip-proto-6 20', 'tcp 192.0.2.1 > 192.0.2.2 ?'],
    ['192.0.2.1 > 192.0.2.2: ESP(spi=0x1,seq=0x1), length 100', 'ip-50 192.0.2.1 > 192.0.2.2'],
    ['192.0.2.1 > 192.0.2.2: GREv0, length 48: IP 198.51.100.66.1 > 192.0.2.2.22: Flags [S]', 'ip-47 192.0.2.1 > 192.0.2.2'],
    ['esp 192.0.2.1 > 192.0.2.2 spi 0x0a seq 1 len 100', 'ip-50 192.0.2.1 > 192.0.2.2'],
    ['::ffff:192.0.2.1.5 > ::ffff:192.0.2.2.6: udp 1', 'udp 192.0.2.1.5 > 192.0.2.2.6'],
    ['::ffff:192.0.2.1 > ::ffff:192.0.2.2: icmp6: echo request', 'icmp6 192.0.2.1 > 192.0.2.2'],
  ])('%s', (text, expected) => {
    expect(show(parse(OPENBSD + text))).toBe(expected)
  })

  it("takes the IP id from upstream's -v", () => {
    const packet = fields(`${UPSTREAM}(tos 0x0, ttl 128, id 58078, offset 0, flags [none], proto UDP (17), length 1052) ${ENDS}UDP, length 1024`)
    expect(packet).toMatchObject({ proto: 'udp', ipId: 58078, dport: 22 })
  })
})

describe('lines that give no event', () => {
  it.each([
    ['192.0.2.1 > 192.0.2.2: (frag 77:16@24)', 'truncated'],
    ['2001:db8::1 > 2001:db8::2: frag (24|1448)', 'truncated'],
    ['192.0.2.1 > 192.0.2.2: [|tcp]', 'truncated'],
    ['192.0.2.1 > 192.0.2.2: truncated-udp 4', 'truncated'],
    [' [|ip]', 'truncated'],
    ['[|ip6]', 'truncated'],
    ['truncated-tcp 4', 'truncated'],
    ['', 'truncated'],
    ['bad.example.net.10584 > 192.0.2.31.22: S', 'bad-address'],
    ['192.0.2.123.10584 > 192.0.2.31.ssh: S', 'bad-address'],
    ['fe80::1%em0.5 > 2001:db8::1.22: udp 5', 'bad-address'],
    ['192.0.2.256.10584 > 192.0.2.31.22: S', 'bad-address'],
    ['192.0.2.010.10584 > 192.0.2.31.22: S', 'bad-address'],
    ['192.0.2.123.10584 > 192.0.2.31: S', 'bad-address'],
    ['192.0.2.10584 > 192.0.2.31.22: S', 'bad-address'],
    ['2001:db8:::1.5 > 2001:db8::1.22: S', 'bad-address'],
    ['192.0.2.123.10584 > 192.0.2.31.65536: S', 'bad-number'],
    ['192.0.2.123.010 > 192.0.2.31.22: S', 'bad-number'],
    ['192.0.2.1 > 192.0.2.2: ip-proto-256', 'bad-number'],
    ['192.0.2.123.5 > 192.0.2.31.2049: 124 getattr', 'ambiguous'],
    ['192.0.2.123.10584 192.0.2.31.22: S', 'not-this-dialect'],
  ])('%j: %s', (text, reason) => {
    expect(parse(OPENBSD + text)).toBe(reason)
  })

  it.each([
    ['\t\t\t 4500 003c', 'continuation'],
    ['    192.0.2.123.10584 > 192.0.2.31.22: Flags [S]', 'continuation'],
    [`${UPSTREAM}(tos 0x0, ttl 64, id 4660, offset 0, flags [DF], proto TCP (6), length 60)`, 'continuation'],
    ['22:13:27.800000  [|pflog]', 'truncated'],
    [' [|pflog]', 'truncated'],
    ['[pflog: invalid header length!]', 'truncated'],
    [`22:13:20.500000 ${ENDS}S 1:1(0) win 5`, 'not-this-dialect'],
    ['tcpdump: listening on pflog0, link-type PFLOG', 'not-this-dialect'],
    ['', 'not-this-dialect'],
  ])('%j: %s', (line, reason) => {
    expect(reasonOf(parse(line))).toBe(reason)
  })
})

describe('packets inside packets', () => {
  const inner = '198.51.100.66.1 > 192.0.2.31.22: '
  it.each([
    `${inner}S 1:1(0) win 512 (encap)`,
    `${inner}S 1:1(0) win 512 (gre encap)`,
    `${inner}S 1:1(0) win 512 (DF) (mobile encap)`,
    `${inner}S 1:1(0) win 512 (encap)\r`,
    `203.0.113.9 > 192.0.2.31: ${inner}Flags [S], seq 1111`,
    `203.0.113.9 > 192.0.2.31: IP ${inner}Flags [S], seq 1111`,
    `203.0.113.9 > 192.0.2.31: (tos 0x0, ttl 64, id 1, offset 0, flags [none], proto TCP (6), length 40) ${inner}S`,
    '203.0.113.9 > 192.0.2.31: 2001:db8::66 > 2001:db8::31: icmp6: echo request',
    '2001:db8::123 > 2001:db8::31: HBH 10584 > 22: S 1:1(0) win 512',
    '2001:db8::123 > 2001:db8::31: frag (0x00000abc:24@0+) 10584 > 22: S 1:1(0) win 512',
  ])('%s', (text) => {
    expect(parse(OPENBSD + text)).toBe('encapsulated')
  })

  it('reads the frame that VXLAN puts on a line of its own as nothing', () => {
    const frame = `00:00:00:00:00:00 > 00:00:00:00:00:00, ethertype IPv4 (0x0800), length 54: ${inner}Flags [S], seq 1111`
    expect(parse(frame)).toBe('not-this-dialect')
  })

  it('never reads an address, a port or a flag from the payload of UDP', () => {
    const written = fc.string({ unit: fc.constantFrom(...'x >.:192S[]()\\"FlagsRQ,'), minLength: 7, maxLength: 60 })
    fc.assert(fc.property(written, (payload) => {
      const outcome = parse(`${UPSTREAM}203.0.113.9.5000 > 192.0.2.31.69: TFTP, length 40, RRQ "${payload}${inner}Flags [S], seq 1"`)
      expect(show(outcome)).toBe('udp 203.0.113.9.5000 > 192.0.2.31.69')
    }))
  })

  it('answers whatever the line holds', () => {
    const piece = fc.constantFrom(OPENBSD, UPSTREAM, ENDS, inner, '5.998374 ', ' 00:00:05.998374 ', 'S', ' ', '(', ')', '[', '\t', 'Flags [', 'HBH ', 'ÿ')
    fc.assert(fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const outcome = parse(pieces.join(''))
      if (isParsed(outcome)) expect(['192.0.2.123', '198.51.100.66']).toContain(outcome.fields.src)
    }))
  })

  it('takes time in proportion to the length', () => {
    for (const filler of ['(', ' (', '1', ':', '1.', ' > ', 'HBH ', ' [x]', '[', 'a'].map((text) => text.repeat(8000 / text.length))) {
      const started = performance.now()
      for (const head of [OPENBSD, `${OPENBSD}192.0.2.1 > 192.0.2.2: `, OPENBSD + ENDS, `${OPENBSD}${ENDS}S`, 'rule 1.']) parse(head + filler)
      expect(performance.now() - started).toBeLessThan(250)
    }
  })
})
