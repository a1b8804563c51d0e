declare const brand: unique symbol

/** Whole microseconds: an instant since 1970-01-01T00:00:00Z, or a span. Exact in a double until the year 2255. */
export type Micros = number & { readonly [brand]: 'Micros' }

export const MICROSECOND = 1 as Micros
export const MILLISECOND = 1_000 as Micros
export const SECOND = 1_000_000 as Micros
export const MINUTE = 60_000_000 as Micros
export const HOUR = 3_600_000_000 as Micros
export const DAY = 86_400_000_000 as Micros

/** A reading of the calendar and the clock on the wall; what the log leaves out is undefined. */
export interface LocalTime {
  readonly year: number | undefined
  /** 1 to 12; undefined together with `day` where the log prints only the time of day. */
  readonly month: number | undefined
  readonly day: number | undefined
  /** Since midnight on the wall. */
  readonly sinceMidnight: Micros
}

/** Where a writer counts seconds, what is less is a span, and from here on it is the instant itself: tcpdump's first line prints one. */
export const FIRST_INSTANT = (100_000_000 * SECOND) as Micros

/**
 * What a line says of its time.
 * epoch: an instant · local: a wall clock of an unknown zone · uptime: since the machine started ·
 * since-first: since the first line of its writer, whose own value is the instant itself (`FIRST_INSTANT`) ·
 * since-previous: since the line before, likewise · none: the line has no stamp ·
 * recorded: an instant at which a message of the kernel was read, with CLOCK_MONOTONIC then and the kernel's own stamp of it.
 */
export type Stamp =
  | { readonly kind: 'epoch'; readonly at: Micros; readonly resolution: Micros }
  | { readonly kind: 'local'; readonly at: LocalTime; readonly resolution: Micros }
  | { readonly kind: 'uptime' | 'since-first' | 'since-previous'; readonly at: Micros; readonly resolution: Micros }
  | { readonly kind: 'recorded'; readonly at: Micros; readonly monotonic: Micros; readonly uptime: Micros; readonly resolution: Micros }
  | { readonly kind: 'none' }

export const NO_STAMP: Stamp = { kind: 'none' }

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** 1 to 12 for the English three-letter name that C's strftime %b prints, 0 for anything else. */
export function monthNumber(name: string): number {
  return MONTHS.indexOf(name) + 1
}

let lastDate = -1
let lastDayNumber: number | undefined

/** Days from 1970-01-01 to that date of the Gregorian calendar, or undefined if there is no such date. */
export function dayNumber(year: number, month: number, day: number): number | undefined {
  const date = (year * 100 + month) * 100 + day
  if (date !== lastDate) {
    lastDate = date
    lastDayNumber = countDays(year, month, day)
  }
  return lastDayNumber
}

function countDays(year: number, month: number, day: number): number | undefined {
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  const ms = new Date(0).setUTCFullYear(year, month - 1, day)
  const date = new Date(ms)
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? ms / 86_400_000 : undefined
}

/** The greatest instant in whole seconds that is exact. */
export const LAST_SECOND = Math.floor(Number.MAX_SAFE_INTEGER / SECOND)

/** The instant at which a clock in UTC shows that date and time; undefined if there is none, or none that is exact. */
export function inUtc(date: { year: number; month: number; day: number }, sinceMidnight: Micros): Micros | undefined {
  const days = dayNumber(date.year, date.month, date.day)
  const at = days === undefined ? Number.NaN : days * DAY + sinceMidnight
  return Number.isSafeInteger(at) ? (at as Micros) : undefined
}

/** Time of day, or undefined: hours to 23, minutes to 59, seconds to 60 (a leap second is the next one's start). */
export function timeOfDay(hour: number, minute: number, second: number, micros = 0): Micros | undefined {
  if (hour > 23 || minute > 59 || second > 60) return undefined
  return (((hour * 60 + minute) * 60 + second) * SECOND + micros) as Micros
}

/** Digits after a decimal sign as microseconds: `5` is 500,000; digits beyond the sixth are cut. */
export function fraction(digits: string): Micros {
  return Number(digits.slice(0, 6).padEnd(6, '0')) as Micros
}

const RESOLUTIONS = [1_000_000, 100_000, 10_000, 1000, 100, 10, 1] as Micros[]

/** The resolution of a stamp with that many digits after the decimal sign. */
export function resolutionOf(digits: number): Micros {
  return RESOLUTIONS[digits] ?? MICROSECOND
}

let lastSecond = Number.NaN
let lastText = ''

/** RFC 3339 in UTC with six decimals. `time` must lie between the years 0 and 9999. */
export function formatTime(time: Micros): string {
  const seconds = Math.floor(time / SECOND)
  if (seconds !== lastSecond) {
    lastSecond = seconds
    lastText = new Date(seconds * 1000).toISOString().slice(0, 19)
  }
  return `${lastText}.${String(time - seconds * SECOND).padStart(6, '0')}Z`
}

/** What `formatTime` has written, for people: to the millisecond, `2026-07-04 12:00:02.010Z`. */
export function forPeople(time: string): string {
  return `${time.slice(0, 23).replace('T', ' ')}Z`
}
