import { DAY, HOUR, inUtc, MINUTE, type LocalTime, type Micros } from './time.ts'
import { cachedInstants, type Zone } from './zone.ts'

/**
 * How far a line may lie behind the line before it without the day, the year or the fold being another one: lines are a
 * little out of order, but from December to January a log goes back by most of a year.
 */
const DISORDER = { day: HOUR, year: DAY, fold: (5 * MINUTE) as Micros }
const NEW_YEAR = (300 * DAY) as Micros

/** Turns readings of a wall clock, with parts left out, into instants. */
export interface WallClock {
  /** The instant nearest to `near`: live, where lines arrive as they are written. */
  readonly nearest: (at: LocalTime, near: Micros) => Micros
  /** The instant that follows `previous`: a log read from its start. */
  readonly following: (at: LocalTime, previous: Micros) => Micros
  /** The last instant that is not after `limit`, when the log was written last; in a folded hour, the one that follows `previous`. */
  readonly latestBefore: (at: LocalTime, limit: Micros, previous?: Micros) => Micros
  /** The first reading in that year, or after it for a 29 February that it does not have. */
  readonly inYear: (at: LocalTime, year: number) => Micros
}

export function wallClock(zone: Zone): WallClock {
  const instants = cachedInstants(zone)

  /** Every reading of `at` in the dates around `near`, a group a date, in order. */
  const readings = (at: LocalTime, near: Micros): (readonly Micros[])[] =>
    wallsAround(at, (near + zone.offsetAt(near)) as Micros).map(instants)

  const following = (at: LocalTime, previous: Micros): Micros => {
    const dates = readings(at, previous)
    return unfold(dates.find(([first]) => first! >= previous - disorder(at, first!, previous)) ?? dates.at(-1)!, previous)
  }
  return {
    following,
    nearest: (at, near) => closest(readings(at, near).flat(), near),
    latestBefore: (at, limit, previous) => {
      const dates = readings(at, limit)
      const slack = at.month === undefined ? DISORDER.day : DISORDER.year
      return unfold(dates.findLast(([first]) => first! <= limit + slack) ?? dates[0]!, previous)
    },
    inYear: (at, year) => {
      const start = inUtc({ year, month: 1, day: 1 }, 0 as Micros)!
      return readings({ year, month: at.month, day: at.day, sinceMidnight: at.sinceMidnight }, start)[0]?.[0] ?? following(at, start)
    },
  }
}

function disorder(at: LocalTime, reading: Micros, previous: Micros): Micros {
  if (at.month === undefined) return DISORDER.day
  if (at.year !== undefined) return Number.POSITIVE_INFINITY as Micros
  return yearOf(reading) === yearOf(previous) ? NEW_YEAR : DISORDER.year
}

/** Of the two readings in a folded hour the first, unless that goes back. */
function unfold(date: readonly Micros[], previous = Number.NEGATIVE_INFINITY as Micros): Micros {
  return date.find((instant) => instant >= previous - DISORDER.fold) ?? date.at(-1)!
}

function yearOf(time: Micros): number {
  return new Date(Math.floor(time / 1000)).getUTCFullYear()
}

function closest(instants: readonly Micros[], near: Micros): Micros {
  return instants.reduce((best, next) => (Math.abs(next - near) < Math.abs(best - near) ? next : best))
}

/** What is left out, filled with the dates around `near` (both as if in UTC), in order. Never empty. */
function wallsAround(at: LocalTime, near: Micros): Micros[] {
  if (at.month === undefined) {
    const midnight = Math.floor(near / DAY) * DAY
    return [-1, 0, 1].map((days) => (midnight + days * DAY + at.sinceMidnight) as Micros)
  }
  if (at.year !== undefined) return inYears(at, [at.year])
  const year = yearOf(near)
  const around = inYears(at, [year - 1, year, year + 1])
  // A 29 February finds a leap year at most eight years away (1896 to 1904).
  return around.length > 0 ? around : inYears(at, [-8, -7, -6, -5, -4, -3, -2, 2, 3, 4, 5, 6, 7, 8].map((n) => year + n))
}

function inYears({ month, day, sinceMidnight }: LocalTime, years: readonly number[]): Micros[] {
  return years.flatMap((year) => inUtc({ year, month: month!, day: day! }, sinceMidnight) ?? [])
}
