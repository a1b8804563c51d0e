import { describe, expect, it } from 'vitest'
import { DEFAULT_CONTEXT, isParsed, type Outcome } from '../parsers/parser.ts'
import { pflogMessage } from '../parsers/pflog.ts'
import { MICROSECOND, NO_STAMP, type Micros, type Stamp } from '../parsers/time.ts'
import { reasonOf } from './support/packet-outcome.ts'

/** The stamps that both tcpdumps put before a packet, here before one of pflog. */

const parse = (text: string, at = 0, stamp: Stamp = NO_STAMP): Outcome => pflogMessage(text, at, stamp, DEFAULT_CONTEXT)

const stamp = (text: string): Stamp => {
  const outcome = parse(text)
  if (!isParsed(outcome)) throw new Error(`${String(reasonOf(outcome))}: ${text}`)
  return outcome.stamp
}

const HEADER = 'rule 4/(match) pass in on wg0: '
const ENDS = '192.0.2.123.10584 > 192.0.2.31.22: '
const SPAN = 'since-first'

describe('stamps', () => {
  const line = `${HEADER}${ENDS}S 1:1(0) win 512`
  it.each([
    ['1700000000.500000 ', SPAN, 1_700_000_000_500_000],
    ['5.998374 ', SPAN, 5_998_374],
    ['5.998374123 ', SPAN, 5_998_374],
    ['-1.999999 ', SPAN, -1],
    ['4294967295.999999 ', SPAN, -1],
    [' 00:00:05.998374 ', SPAN, 5_998_374],
    ['-00:00:05.000000 ', SPAN, -5_000_000],
    [' 01:01:01.500000 ', SPAN, 3_661_500_000],
    ['000145 ', 'since-previous', 145],
    ['3. 000145 ', 'since-previous', 3_000_145],
  ])('reads %j', (printed, kind, at) => {
    expect(stamp(printed + line)).toEqual({ kind, at, resolution: MICROSECOND })
  })

  it.each([
    ['22:13:20.500000 ', { sinceMidnight: 80_000_500_000 }, 1],
    ['23:11:12 ', { sinceMidnight: 83_472_000_000 }, 1_000_000],
    ['Sep 08 03:50:22.683986 ', { month: 9, day: 8, sinceMidnight: 13_822_683_986 }, 1],
    ['2023-11-14 22:13:20.500000 ', { year: 2023, month: 11, day: 14, sinceMidnight: 80_000_500_000 }, 1],
  ])('reads the wall clock %j', (printed, at, resolution) => {
    expect(stamp(printed + line)).toEqual({ kind: 'local', at, resolution })
  })

  it('says what -tttt means when it is told', () => {
    expect(pflogMessage(`0.001626 ${line}`, 0, NO_STAMP, { prefix: undefined, spans: 'since-previous' }))
      .toMatchObject({ stamp: { kind: 'since-previous', at: 1626 } })
  })

  it('does without one', () => {
    expect(stamp(line)).toBe(NO_STAMP)
  })

  it.each(['25:00:00.000000 ', ' 00:61:00.000000 ', 'Feb 30 00:00:00.000000 ', '2023-13-01 00:00:00.000000 '])('refuses %j', (printed) => {
    expect(parse(printed + line)).toBe('bad-time')
  })

  it.each(['  ', '22:13:20.500000', '5.998 ', '22:13:20.500000  '])('does not take %j for one', (printed) => {
    expect(isParsed(parse(printed + line))).toBe(false)
  })
})

describe('a line that gives no event', () => {
  const refused = `${HEADER}192.0.2.1 > 192.0.2.2: [|tcp]`

  it('still carries its span, on which the times of later lines rest', () => {
    expect(parse(`1700000000.500000 ${refused}`)).toEqual({
      stamp: { kind: SPAN, at: 1_700_000_000_500_000, resolution: MICROSECOND }, reason: 'truncated',
    })
    expect(parse(' 00:00:00.100000  [|pflog]')).toMatchObject({ stamp: { kind: SPAN, at: 100_000 }, reason: 'truncated' })
    expect(parse('0.000007 something else')).toMatchObject({ stamp: { at: 7 }, reason: 'not-this-dialect' })
  })

  it('is only a reason where no later line depends on it', () => {
    expect(parse(`22:13:20.500000 ${refused}`)).toBe('truncated')
    expect(parse(refused)).toBe('truncated')
  })
})

describe('inside a syslog line', () => {
  const head = 'Mar 30 15:33:26 gw pf: '
  const envelope: Stamp = { kind: 'epoch', at: 7 as Micros, resolution: MICROSECOND }
  const inside = (text: string): Stamp | string => {
    const outcome = parse(head + text, head.length, envelope)
    return isParsed(outcome) ? outcome.stamp : reasonOf(outcome)!
  }
  const line = `${HEADER}${ENDS}udp 5`

  it('its own wall clock or instant wins', () => {
    expect(inside(`Mar 30 15:32:33.483712 ${line}`)).toMatchObject({ kind: 'local', at: { month: 3, day: 30 } })
    expect(inside(`1700000000.500000 ${line}`)).toMatchObject({ at: 1_700_000_000_500_000 })
  })

  it.each(['', '5.998374 ', ' 00:00:05.998374 ', '000145 '])('the syslog stamp stands for %j', (own) => {
    expect(inside(own + line)).toBe(envelope)
  })

  it('allows the blank that rsyslog leaves, and no more', () => {
    expect(inside(` ${line}`)).toBe(envelope)
    expect(inside(`  ${line}`)).toBe('continuation')
  })
})
