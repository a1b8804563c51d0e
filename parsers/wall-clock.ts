import { DAY, HOUR, inUtc, MINUTE, type LocalTime, type Micros } from './time.ts'
import { cachedInstants, type Zone } from './zone.ts'

/** How far a line may lie behind the line before it, for the log still to be read as going forward. */
const SLACK = { year: DAY, day: HOUR, fold: (5 * MINUTE) as Micros }

/** Turns readings of a wall clock, with parts left out, into instants. */
export interface WallClock {
  /** The instant nearest to `near`: live, where lines arrive as they are written. */
  readonly nearest: (at: LocalTime, near: Micros) => Micros
  /** The first instant that does not go back behind `previous`: a log read from its start. */
  readonly following: (at: LocalTime, previous: Micros) => Micros
  /** The last instant that is not after `limit`: the last line of a file, say, and when it was written. */
  readonly latestBefore: (at: LocalTime, limit: Micros) => Micros
  /** The first reading in that year. */
  readonly inYear: (at: LocalTime, year: number) => Micros
}

export function wallClock(zone: Zone): WallClock {
  const instants = cachedInstants(zone)

  /** Every reading of `at` in the dates around `near`, a group a date, in order. */
  const readings = (at: LocalTime, near: Micros): (readonly Micros[])[] =>
    wallsAround(at, (near + zone.offsetAt(near)) as Micros).map(instants)

  return {
    nearest: (at, near) => closest(readings(at, near).flat(), near),
    following: (at, previous) => {
      const dates = readings(at, previous)
      const date = dates.find(([first]) => first! >= previous - slackOf(at)) ?? dates.at(-1)!
      return date.find((instant) => instant >= previous - SLACK.fold) ?? date.at(-1)!
    },
    latestBefore: (at, limit) => {
      const dates = readings(at, limit)
      return (dates.findLast(([first]) => first! <= limit + slackOf(at)) ?? dates[0]!)[0]!
    },
    inYear: (at, year) => readings({ ...at, year }, 0 as Micros)[0]![0]!,
  }
}

function slackOf(at: LocalTime): Micros {
  return at.month === undefined ? SLACK.day : at.year === undefined ? SLACK.year : (Number.POSITIVE_INFINITY as Micros)
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
  const year = new Date(Math.floor(near / 1000)).getUTCFullYear()
  const around = inYears(at, [year - 1, year, year + 1])
  // A 29 February finds a leap year at most eight years away (1896 to 1904).
  return around.length > 0 ? around : inYears(at, [-8, -7, -6, -5, -4, -3, -2, 2, 3, 4, 5, 6, 7, 8].map((n) => year + n))
}

function inYears({ month, day, sinceMidnight }: LocalTime, years: readonly number[]): Micros[] {
  return years.flatMap((year) => inUtc({ year, month: month!, day: day! }, sinceMidnight) ?? [])
}
