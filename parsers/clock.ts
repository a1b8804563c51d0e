import { FIRST_INSTANT, MINUTE, SECOND, type LocalTime, type Micros, type Stamp } from './time.ts'
import { wallClock, type WallClock } from './wall-clock.ts'
import type { Zone } from './zone.ts'

/** A span that falls by more than this was counted from another first line. */
const NEW_START = MINUTE
/** How long an uptime's offset is held before only newer ones count. */
const OFFSET_WINDOW = (30 * SECOND) as Micros

export interface ClockOptions {
  /** live: arrival times are true. replay: only the log knows the time. */
  readonly mode: 'live' | 'replay'
  readonly zone: Zone
  /** replay: the year of the first line, where lines have none. */
  readonly year?: number | undefined
  /** replay: when the last line was written; the years of the lines are chosen to fit. */
  readonly last?: Micros | undefined
}

/** What a clock says of a line. */
export interface Reading {
  readonly time: Micros
  readonly resolution: Micros
}

/**
 * Event time of the lines of one source, in reading order: a fold over (its state, stamp, arrival).
 * Start a new one when the source starts anew.
 */
export type Clock = (stamp: Stamp, arrival: Micros) => Reading

export function createClock(options: ClockOptions): Clock {
  const live = options.mode === 'live'
  const local = localClock(options)
  const uptime = live ? uptimeClock({ isBounded: false }).read : (at: Micros): Micros => at
  const recorded = recordedClock()
  const spans = spanClock(live)
  let previous: Micros | undefined

  const timeOf = (stamp: Stamp, arrival: Micros): Micros => {
    switch (stamp.kind) {
      case 'epoch': return stamp.at
      case 'local': return local(stamp.at, previous, arrival)
      case 'uptime': return uptime(stamp.at, arrival)
      case 'recorded': return recorded(stamp)
      case 'none': return live ? arrival : (previous ?? (0 as Micros))
      default: return spans(stamp.kind, stamp.at, previous, arrival)
    }
  }
  return (stamp, arrival) => {
    previous = timeOf(stamp, arrival)
    return { time: previous, resolution: stamp.kind === 'none' ? (1 as Micros) : stamp.resolution }
  }
}

type LocalClock = (at: LocalTime, previous: Micros | undefined, arrival: Micros) => Micros

function localClock({ mode, zone, year, last }: ClockOptions): LocalClock {
  const wall: WallClock = wallClock(zone)
  if (mode === 'live') return (at, _previous, arrival) => wall.nearest(at, arrival)
  const limit = last ?? (0 as Micros)
  return (at, previous) => {
    const lacksYear = at.month !== undefined && at.year === undefined
    if (lacksYear && year === undefined) return wall.latestBefore(at, limit, previous)
    if (previous !== undefined) return wall.following(at, previous)
    return lacksYear && year !== undefined ? wall.inYear(at, year) : wall.latestBefore(at, limit)
  }
}

/** How much the kernel's stamps may run apart from CLOCK_MONOTONIC, which NTP slews: what lies further back is old. */
const MOST_DRIFT = 100e-6
const LEAST_BOUND = SECOND

interface UptimeClock {
  /** When the line with that stamp was written, on the clock of the arrivals. */
  readonly read: (at: Micros, arrival: Micros) => Micros
  /** What the offset was at that time. */
  readonly seed: (offset: Micros, arrival: Micros) => void
  /** The offset is known to be no less. */
  readonly atLeast: (offset: Micros) => void
  /** The newest offset; undefined before the first line. */
  readonly delta: Micros | undefined
}

/**
 * The kernel's stamps (local_clock) against another clock: they are not slewed by NTP and stand still in suspend. What was
 * read quickest tells the offset best, so it is the least (arrival - stamp) of the last half to whole minute;
 * older ones are forgotten, since the true offset grows with drift and suspend.
 * Where the arrivals are of CLOCK_MONOTONIC, which began with them, the offset is bounded.
 */
export function uptimeClock({ isBounded = true }: { readonly isBounded?: boolean } = {}): UptimeClock {
  let windowStart = Number.NEGATIVE_INFINITY
  let last = Number.POSITIVE_INFINITY
  let current = Number.POSITIVE_INFINITY
  let least = Number.NEGATIVE_INFINITY
  let delta: Micros | undefined

  const pass = (offset: number, arrival: Micros): void => {
    const age = arrival - windowStart
    if (age >= OFFSET_WINDOW || age < 0) {
      last = age >= 2 * OFFSET_WINDOW || age < 0 ? Number.POSITIVE_INFINITY : current
      current = Number.POSITIVE_INFINITY
      windowStart = arrival
    }
    current = Math.min(current, offset)
  }
  const bounded = (offset: number, arrival: Micros): number => {
    const bound = isBounded ? arrival * MOST_DRIFT + LEAST_BOUND : Number.POSITIVE_INFINITY
    return Math.max(Math.min(offset, bound), -bound, least)
  }
  return {
    read: (at, arrival) => {
      pass(arrival - at, arrival)
      delta = Math.round(bounded(Math.min(current, last), arrival)) as Micros
      return (at + delta) as Micros
    },
    seed: (offset, arrival) => {
      pass(offset, arrival)
      delta = Math.round(bounded(offset, arrival)) as Micros
    },
    atLeast: (offset) => {
      least = offset
    },
    get delta() {
      return delta
    },
  }
}

/**
 * What journald stored of a kernel record: when it read it, by two clocks, and the kernel's own stamp. Read late (the ring's contents
 * when journald starts), it was written so much before.
 */
function recordedClock(): (stamp: Stamp & { kind: 'recorded' }) => Micros {
  const uptime = uptimeClock()
  return ({ at, uptime: written, monotonic }) => (at - monotonic + uptime.read(written, monotonic)) as Micros
}

type SpanClock = (kind: 'since-first' | 'since-previous', at: Micros, previous: Micros | undefined, arrival: Micros) => Micros

function spanClock(live: boolean): SpanClock {
  let base: Micros | undefined = live ? undefined : (0 as Micros)
  let lastSpan = Number.NEGATIVE_INFINITY
  return (kind, at, previous, arrival) => {
    if (at >= FIRST_INSTANT) {
      base = at
      lastSpan = 0
      return at
    }
    if (kind === 'since-previous') return ((previous ?? base ?? arrival - at) + at) as Micros
    // A first line of 0.0 does not say when: live, the base is gone; in replay the log goes on from where it was.
    const startsAnew = lastSpan > 0 && (at === 0 || at < lastSpan - NEW_START)
    if (startsAnew) base = live ? undefined : previous
    lastSpan = at
    return base === undefined ? arrival : ((base + at) as Micros)
  }
}
