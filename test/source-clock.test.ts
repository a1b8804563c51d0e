import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createClock, uptimeClock } from '../parsers/clock.ts'
import { HOUR, MICROSECOND, SECOND, type Micros, type Stamp } from '../parsers/time.ts'
import { UTC } from '../parsers/zone.ts'
import { LiveClock, type Arrival } from '../src/sources/live-clock.ts'

const NOON = (Date.parse('2026-11-21T12:00:00Z') * 1000) as Micros
const uptime = (seconds: number): Stamp => ({ kind: 'uptime', at: Math.round(seconds * 1e6) as Micros, resolution: MICROSECOND })
const micros = (seconds: number): Micros => Math.round(seconds * 1e6) as Micros

/** A machine that was started `upSeconds` before noon, and is read `seconds` after it; the wall clock may be stepped. */
function arrival(seconds: number, { up = 10_000, step = 0 } = {}): Arrival {
  return { wall: (NOON + micros(seconds + step)) as Micros, monotonic: micros(up + seconds) }
}

const secondsAfterNoon = (time: Micros): number => (time - NOON) / SECOND

describe("the kernel's stamps, live", () => {
  it('are put into wall time by the line that was read quickest', () => {
    const clock = new LiveClock(UTC)
    const read = (stamp: number, at: number): number => secondsAfterNoon(clock.read(uptime(stamp), arrival(at)).time)
    expect([read(10_000, 0.5), read(10_001, 1.001), read(10_002, 2.8)]).toEqual([0.5, 1.001, 2.001])
  })

  it.each([3600, -3600])('stay right when the wall clock is stepped by %i s', (step) => {
    const clock = new LiveClock(UTC)
    clock.read(uptime(10_000), arrival(0.001))
    const { time } = clock.read(uptime(10_001), arrival(1.9, { step }))
    expect(secondsAfterNoon(time)).toBeCloseTo(1.001 + step, 6)
    expect(clock.delta).toBe(1000)
  })

  it('keep the order of records, also where the later one was read sooner after it was written', () => {
    fc.assert(fc.property(fc.array(fc.record({ gap: fc.integer({ min: 0, max: 3000 }), lag: fc.integer({ min: 0, max: 20_000 }) }), { minLength: 2, maxLength: 40 }), (records) => {
      const clock = new LiveClock(UTC)
      let stamp = 10_000_000_000
      let readAt = stamp
      const times = records.map(({ gap, lag }) => {
        stamp += gap
        readAt = Math.max(readAt, stamp + lag)
        // As the machine's clock shows it: whole milliseconds.
        const wall = Math.floor((NOON + readAt) / 1000) * 1000
        return clock.read(uptime(stamp / 1e6), { wall: wall as Micros, monotonic: readAt as Micros }).time
      })
      expect(times).toEqual(times.toSorted((one, other) => one - other))
    }))
  })

  it('of a record read late are old, however late the first one is', () => {
    const clock = new LiveClock(UTC)
    // 100 millionths of 10,000 s, and a second.
    expect(secondsAfterNoon(clock.read(uptime(10_000), arrival(4200)).time)).toBeCloseTo(1 + 1.42, 6)
  })

  it('may be ahead by no more than that', () => {
    const clock = new LiveClock(UTC)
    expect(secondsAfterNoon(clock.read(uptime(10_500), arrival(0)).time)).toBeCloseTo(498, 6)
  })

  it('are far off where it is known that they are: the record was written after the ring was read to its end', () => {
    const clock = new LiveClock(UTC)
    clock.writtenAfter(micros(10_000), micros(7_000))
    expect(secondsAfterNoon(clock.read(uptime(7_000), arrival(0.5)).time)).toBe(0)
  })

  it('begin with what was known of them before', () => {
    const clock = new LiveClock(UTC, { delta: micros(0.25), at: micros(10_000) })
    expect(secondsAfterNoon(clock.read(uptime(10_000), arrival(0.9)).time)).toBe(0.25)
  })

  it('are followed as they drift, and what was known is forgotten', () => {
    const clock = new LiveClock(UTC)
    // 50 millionths slower.
    const errors = Array.from({ length: 500 }, (_, n) => {
      const at = n * 60
      const stamp = 10_000 + at * (1 - 50e-6)
      return secondsAfterNoon(clock.read(uptime(stamp), arrival(at + 0.001)).time) - at
    })
    expect(Math.max(...errors.map(Math.abs))).toBeLessThan(0.01)
  })
})

describe('other stamps, live', () => {
  it('are as they were before', () => {
    const clock = new LiveClock(UTC)
    expect(clock.read({ kind: 'epoch', at: NOON, resolution: SECOND }, arrival(5))).toEqual({ time: NOON, resolution: SECOND })
    expect(clock.read({ kind: 'none' }, arrival(5))).toEqual({ time: arrival(5).wall, resolution: 1 })
    const local: Stamp = { kind: 'local', at: { year: undefined, month: 11, day: 21, sinceMidnight: (12 * HOUR) as Micros }, resolution: SECOND }
    expect(clock.read(local, arrival(5)).time).toBe(NOON)
  })
})

describe('what journald stored of a kernel record', () => {
  const recorded = (read: number, uptimeSeconds: number): Stamp =>
    ({ kind: 'recorded', at: (NOON + micros(read)) as Micros, monotonic: micros(10_000 + read), uptime: micros(uptimeSeconds), resolution: MICROSECOND })

  it.each(['live', 'replay'] as const)('is of when the kernel wrote it, in %s', (mode) => {
    const clock = createClock({ mode, zone: UTC })
    const read = (...stamp: Parameters<typeof recorded>): number => secondsAfterNoon(clock(recorded(...stamp), 0 as Micros).time)
    expect([read(0.002, 10_000), read(0.9, 10_000.5), read(1.001, 10_001)].map((seconds) => Math.round(seconds * 1000))).toEqual([2, 502, 1001])
    expect(read(4200, 10_002)).toBeLessThan(5)
  })

  it('is of its own boot', () => {
    const clock = createClock({ mode: 'replay', zone: UTC })
    clock(recorded(0.001, 10_000), 0 as Micros)
    const next: Stamp = { kind: 'recorded', at: (NOON + HOUR) as Micros, monotonic: micros(20), uptime: micros(19.5), resolution: MICROSECOND }
    expect(clock(next, 0 as Micros).time).toBe(NOON + HOUR)
  })
})

it('does not bound an offset to a clock that began at another time', () => {
  const clock = uptimeClock({ isBounded: false })
  expect(clock.read(micros(5), NOON)).toBe(NOON)
})
