import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createClock, type ClockOptions } from '../parsers/clock.ts'
import { readClfStamp, readCtimeStamp, readIsoStamp, readSyslogStamp, readTimeOfDay, type StampRead } from '../parsers/stamps.ts'
import { formatTime, NO_STAMP, SECOND, MICROSECOND, type Micros, type Stamp } from '../parsers/time.ts'
import { instantsOf, parseZone, UTC } from '../parsers/zone.ts'

const BERLIN = parseZone('Europe/Berlin')!

function at(text: string): Micros {
  return (Date.parse(text) * 1000) as Micros
}

function stampOf(read: StampRead): Stamp {
  if (read === undefined || read === 'bad-time') throw new Error(`no stamp: ${String(read)}`)
  return read.stamp
}

const syslog = (text: string): Stamp => stampOf(readSyslogStamp(text, 0))
const span = (kind: 'uptime' | 'since-first' | 'since-previous', seconds: number): Stamp =>
  ({ kind, at: Math.round(seconds * 1e6) as Micros, resolution: MICROSECOND })

/** The times of those stamps, read one after the other; `arrivals` are seconds or ISO texts. */
function times(options: Partial<ClockOptions>, stamps: Stamp[], arrivals: string[] = []): string[] {
  const clock = createClock({ mode: 'replay', zone: UTC, ...options })
  return stamps.map((stamp, index) => formatTime(clock(stamp, at(arrivals[index] ?? '1970-01-01T00:00:00Z')).time))
}

describe('stamps with all their parts', () => {
  it.each([
    ['2026-11-20T23:37:59.921334+00:00', '2026-11-20T23:37:59.921334Z'],
    ['2026-11-20T23:36:56+0100', '2026-11-20T22:36:56.000000Z'],
    ['2026-11-20T23:32:53,704253-02:30', '2026-11-21T02:02:53.704253Z'],
    ['2026-11-20T23:37:59.1234567Z', '2026-11-20T23:37:59.123456Z'],
  ])('reads %s', (text, expected) => {
    expect(times({}, [stampOf(readIsoStamp(text, 0))])).toEqual([expected])
  })

  it('reads the time of the common log format', () => {
    expect(times({}, [stampOf(readClfStamp('08/Jul/2018:00:29:48 -0400', 0))])).toEqual(['2018-07-08T04:29:48.000000Z'])
  })

  it('reads ctime in the given zone', () => {
    expect(times({ zone: BERLIN }, [stampOf(readCtimeStamp('Fri Nov 20 23:32:53 2026', 0))])).toEqual(['2026-11-20T22:32:53.000000Z'])
  })

  it.each(['2026-13-01T00:00:00Z', '2026-02-29T00:00:00Z', '2026-01-01T24:00:00Z', '2026-01-01T00:61:00Z'])('refuses %s', (text) => {
    expect(readIsoStamp(text, 0)).toBe('bad-time')
  })

  it('tells how exact each stamp is', () => {
    expect(syslog('Nov 20 23:36:56')).toMatchObject({ resolution: 1_000_000 })
    expect(syslog('Nov 20 23:36:56.51')).toMatchObject({ resolution: 10_000 })
    expect(syslog('Nov 20 23:36:56.516506')).toMatchObject({ resolution: 1 })
  })
})

describe('stamps without a year, in replay', () => {
  const newYear = [syslog('Dec 31 23:59:59'), syslog('Jan  1 00:00:01')]

  it('counts the year from the first line when it is given', () => {
    expect(times({ year: 2026 }, newYear)).toEqual(['2026-12-31T23:59:59.000000Z', '2027-01-01T00:00:01.000000Z'])
  })

  it('puts the last line nearest before the time it was written', () => {
    expect(times({ last: at('2027-01-01T00:00:01Z') }, newYear)).toEqual(['2026-12-31T23:59:59.000000Z', '2027-01-01T00:00:01.000000Z'])
  })

  it('goes forward over gaps of most of a year', () => {
    const stamps = [syslog('Jan  5 00:00:00'), syslog('Nov 20 00:00:00'), syslog('Nov 19 23:00:00')]
    expect(times({ year: 2026 }, stamps)).toEqual(['2026-01-05T00:00:00.000000Z', '2026-11-20T00:00:00.000000Z', '2026-11-19T23:00:00.000000Z'])
  })

  it('finds a leap year for a 29 February', () => {
    expect(times({ last: at('2026-11-20T00:00:00Z') }, [syslog('Feb 29 12:00:00')])).toEqual(['2024-02-29T12:00:00.000000Z'])
  })

  it('dates a bare time of day by the last line, and passes midnight', () => {
    const stamps = ['23:59:58.5', '00:00:01.25', '12:00:00', '06:00:00'].map((text) => stampOf(readTimeOfDay(text, 0)))
    expect(times({ last: at('2026-11-21T08:00:00Z') }, stamps)).toEqual([
      '2026-11-20T23:59:58.500000Z', '2026-11-21T00:00:01.250000Z', '2026-11-21T12:00:00.000000Z', '2026-11-22T06:00:00.000000Z',
    ])
  })
})

describe('stamps without a zone', () => {
  it('reads the folded hour of autumn forward, in replay', () => {
    const stamps = ['Oct 25 02:30:00', 'Oct 25 02:59:59', 'Oct 25 02:00:00', 'Oct 25 02:30:00', 'Oct 25 03:00:00'].map(syslog)
    expect(times({ zone: BERLIN, year: 2026 }, stamps).map((time) => time.slice(11, 19))).toEqual([
      '00:30:00', '00:59:59', '01:00:00', '01:30:00', '02:00:00',
    ])
  })

  it('takes the reading nearest to arrival, live, in either half of the folded hour', () => {
    const stamps = [syslog('Oct 25 02:30:00'), syslog('Oct 25 02:30:00')]
    const arrivals = ['2026-10-25T00:30:02Z', '2026-10-25T01:30:02Z']
    expect(times({ mode: 'live', zone: BERLIN }, stamps, arrivals)).toEqual(['2026-10-25T00:30:00.000000Z', '2026-10-25T01:30:00.000000Z'])
  })

  it('goes on through the hour that spring skips', () => {
    expect(times({ zone: BERLIN, year: 2026 }, [syslog('Mar 29 01:59:59'), syslog('Mar 29 02:30:00')])).toEqual([
      '2026-03-29T00:59:59.000000Z', '2026-03-29T01:30:00.000000Z',
    ])
  })

  it('takes the year nearest to arrival at New Year, live', () => {
    const stamps = [syslog('Dec 31 23:59:59'), syslog('Jan  1 00:00:01'), syslog('Dec 31 23:59:58')]
    const arrivals = ['2027-01-01T00:00:00Z', '2026-12-31T23:59:59Z', '2027-01-01T00:00:02Z']
    expect(times({ mode: 'live' }, stamps, arrivals).map((time) => time.slice(0, 4))).toEqual(['2026', '2027', '2026'])
  })

  it('knows zones by name and by offset, and no others', () => {
    expect(parseZone('+0530')?.offsetAt(0 as Micros)).toBe(19_800_000_000)
    expect(parseZone('Asia/Kathmandu')?.offsetAt(at('2026-01-01T00:00:00Z'))).toBe(20_700_000_000)
    expect([parseZone('Mars/Olympus'), parseZone('+25:00'), parseZone('')]).toEqual([undefined, undefined, undefined])
  })

  it('gives back the instant of every wall time that a zone can show', () => {
    const instant = fc.integer({ min: at('2000-01-01T00:00:00Z') / 1e6, max: at('2037-01-01T00:00:00Z') / 1e6 })
    fc.assert(fc.property(instant, fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Tehran'), (seconds, name) => {
      const zone = parseZone(name)!
      const time = (seconds * SECOND) as Micros
      expect(instantsOf(zone, (time + zone.offsetAt(time)) as Micros)).toContain(time)
    }))
  })
})

describe('spans', () => {
  it('adds what OpenBSD -ttttt prints to the first line', () => {
    const stamps = [span('since-first', 1_783_166_400), span('since-first', 5.998374), span('since-first', 5.5)]
    expect(times({}, stamps)).toEqual(['2026-07-04T12:00:00.000000Z', '2026-07-04T12:00:05.998374Z', '2026-07-04T12:00:05.500000Z'])
  })

  it('takes a new base in the middle of a file', () => {
    const stamps = [span('since-first', 1_783_166_400), span('since-first', 9), span('since-first', 1_783_170_000), span('since-first', 1)]
    expect(times({}, stamps).at(-1)).toBe('2026-07-04T13:00:01.000000Z')
  })

  it('counts from zero in replay when no line says when, and goes on when the count starts anew', () => {
    const stamps = [0, 5.998374, 41.99884, 0, 3].map((value) => span('since-first', value))
    expect(times({}, stamps).map((time) => time.slice(14, 26))).toEqual([
      '00:00.000000', '00:05.998374', '00:41.998840', '00:41.998840', '00:44.998840',
    ])
  })

  it('reads a span before the first packet as such', () => {
    expect(times({}, [span('since-first', 1_783_166_400), span('since-first', -0.000001)]).at(-1)).toBe('2026-07-04T11:59:59.999999Z')
  })

  it('takes arrival live where no base is known, also after a new start', () => {
    const stamps = [span('since-first', 5), span('since-first', 1_783_166_400), span('since-first', 70), span('since-first', 0)]
    const arrivals = ['2026-07-04T12:00:00Z', '2026-07-04T12:00:01Z', '2026-07-04T12:01:10.9Z', '2026-07-04T12:05:00Z']
    expect(times({ mode: 'live' }, stamps, arrivals).map((time) => time.slice(11, 22))).toEqual([
      '12:00:00.00', '12:00:00.00', '12:01:10.00', '12:05:00.00',
    ])
  })

  it('adds spans since the previous line up', () => {
    const stamps = [span('since-previous', 1_783_166_400), span('since-previous', 0.4), span('since-previous', 0.4)]
    expect(times({}, stamps).at(-1)).toBe('2026-07-04T12:00:00.800000Z')
  })
})

describe('lines without a stamp', () => {
  it('take the time of the line before in replay, and arrival live', () => {
    const stamps = [span('since-first', 1_783_166_400), NO_STAMP]
    expect(times({}, stamps).at(-1)).toBe('2026-07-04T12:00:00.000000Z')
    expect(times({ mode: 'live' }, stamps, ['2026-07-04T12:00:00Z', '2026-07-04T12:00:07Z']).at(-1)).toBe('2026-07-04T12:00:07.000000Z')
  })
})

describe('uptime, live', () => {
  const booted = at('2026-11-01T00:00:00Z')
  const read = (lines: [uptime: number, delay: number, drift?: number][]): number[] => {
    const clock = createClock({ mode: 'live', zone: UTC })
    return lines.map(([uptime, delay, drift = 0]) => {
      const truth = booted + (uptime + drift) * 1e6
      return (clock(span('uptime', uptime), (truth + delay * 1e6) as Micros).time - truth) / 1e6
    })
  }

  it('trusts the line that was read quickest', () => {
    expect(read([[100, 0.5], [101, 0.001], [102, 0.9]])).toEqual([0.5, 0.001, 0.001])
  })

  it('follows a clock that drifts by a minute in a month', () => {
    const errors = read(Array.from({ length: 1000 }, (_, n) => [n * 2592, 0.002, n * 0.06]))
    expect(Math.max(...errors.map(Math.abs))).toBeLessThan(0.1)
  })

  it('is right again with the first line after a suspend', () => {
    expect(read([[100, 0.001], [101, 0.001], [102, 0.002, 3600]])[2]).toBeCloseTo(0.002, 6)
  })
})

it('prints the uptime as time since the epoch in replay', () => {
  expect(times({}, [span('uptime', 1261.704253)])).toEqual(['1970-01-01T00:21:01.704253Z'])
})
