import { isDigit } from './bytes.ts'
import {
  dayNumber, fraction, inUtc, LAST_SECOND, MILLISECOND, monthNumber, resolutionOf, SECOND, timeOfDay,
  type LocalTime, type Micros, type Stamp,
} from './time.ts'

/**
 * Readers of the stamps that logs print. Each reads at one place of the text and answers the stamp and where
 * it ends; `bad-time` if the shape is there but no such time exists; undefined if the shape is not there.
 */
export type StampRead = { readonly stamp: Stamp; readonly end: number } | 'bad-time' | undefined

/** Runs a sticky expression at that place. */
export function matchAt(expression: RegExp, text: string, at: number): RegExpExecArray | null {
  expression.lastIndex = at
  return expression.exec(text)
}

function matchesAt(expression: RegExp, text: string, at: number): boolean {
  expression.lastIndex = at
  return expression.test(text)
}

const SYSLOG = /[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d/y

/** `Nov 20 23:36:56` of RFC 3164 (section 4.1.2), with or without decimals, the day padded with a blank or a zero. */
export function readSyslogStamp(text: string, at: number): StampRead {
  if (!matchesAt(SYSLOG, text, at)) return undefined
  const date = { year: undefined, month: monthNumber(text.slice(at, at + 3)), day: digits(text, at + 4, 2) }
  // 2000 was a leap year: a 29 February without its year is possible.
  if (date.month === 0 || dayNumber(2000, date.month, date.day) === undefined) return 'bad-time'
  const decimals = readDecimals(text, at + 15, POINT)
  return local(date, clock(text, at + 7, decimals), decimals, decimals.end)
}

const TIME_OF_DAY = /\d\d:\d\d:\d\d/y

/** `23:36:56.516506`, tcpdump's default: no date at all. */
export function readTimeOfDay(text: string, at: number): StampRead {
  if (!matchesAt(TIME_OF_DAY, text, at)) return undefined
  const decimals = readDecimals(text, at + 8, POINT)
  return local({ year: undefined, month: undefined, day: undefined }, clock(text, at, decimals), decimals, decimals.end)
}

const ISO = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d/y
const OFFSET = /Z|[+-]\d\d:?\d\d/y

/** RFC 3339, with a blank for the `T`, a comma for the point, an offset without colon, or no offset at all. */
export function readIsoStamp(text: string, at: number): StampRead {
  if (!matchesAt(ISO, text, at)) return undefined
  const date = { year: digits(text, at, 4), month: digits(text, at + 5, 2), day: digits(text, at + 8, 2) }
  const decimals = readDecimals(text, at + 19, text.charCodeAt(at + 19) === COMMA ? COMMA : POINT)
  const offset = matchesAt(OFFSET, text, decimals.end) ? text.slice(decimals.end, OFFSET.lastIndex) : undefined
  return dated(date, clock(text, at + 11, decimals), decimals, offset, decimals.end + (offset?.length ?? 0))
}

const CLF = /\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}/y

/** `20/Nov/2026:23:42:50 +0000` of the common log format: Apache's `%t`, nginx's `$time_local`. */
export function readClfStamp(text: string, at: number): StampRead {
  if (!matchesAt(CLF, text, at)) return undefined
  const date = { year: digits(text, at + 7, 4), month: monthNumber(text.slice(at + 3, at + 6)), day: digits(text, at, 2) }
  return dated(date, clock(text, at + 12, NO_DECIMALS), NO_DECIMALS, text.slice(at + 21, at + 26), at + 26)
}

const CTIME = /[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}/y

/** `Fri Nov 20 23:32:53 2026` of ctime(3), in local time: `dmesg -T`. */
export function readCtimeStamp(text: string, at: number): StampRead {
  if (!matchesAt(CTIME, text, at)) return undefined
  const date = { year: digits(text, at + 20, 4), month: monthNumber(text.slice(at + 4, at + 7)), day: digits(text, at + 8, 2) }
  return dated(date, clock(text, at + 11, NO_DECIMALS), NO_DECIMALS, undefined, at + 24)
}

/** Seconds with decimals as microseconds. */
export function seconds(whole: string, decimals: string): Micros {
  return (Number(whole) * SECOND + fraction(decimals)) as Micros
}

/** An epoch stamp from numbers that a JSON log carries, in seconds. */
export function epochSeconds(value: number): Stamp | undefined {
  if (!Number.isFinite(value) || value < 0 || value >= LAST_SECOND) return undefined
  return { kind: 'epoch', at: Math.floor(value * SECOND) as Micros, resolution: Number.isInteger(value) ? SECOND : MILLISECOND }
}

interface CalendarDate { readonly year: number; readonly month: number; readonly day: number }

const POINT = 46
const COMMA = 44

/** The digits behind a decimal sign. */
interface Decimals { readonly micros: Micros; readonly count: number; readonly end: number }

const NO_DECIMALS: Decimals = { micros: 0 as Micros, count: 0, end: 0 }

/** At most nine of them; without any the sign is not part of the stamp. */
function readDecimals(text: string, at: number, sign: number): Decimals {
  if (text.charCodeAt(at) !== sign) return { micros: 0 as Micros, count: 0, end: at }
  let end = at + 1
  while (end < at + 10 && isDigit(text.charCodeAt(end))) end++
  const count = end - at - 1
  if (count === 0) return { micros: 0 as Micros, count, end: at }
  const scale = count < 6 ? 10 ** (6 - count) : 1
  return { micros: (digits(text, at + 1, Math.min(count, 6)) * scale) as Micros, count, end }
}

/** That many digits as a number; a blank before them counts as a zero. */
function digits(text: string, at: number, count: number): number {
  let value = 0
  for (let end = at + count; at < end; at++) value = value * 10 + (text.charCodeAt(at) & 15)
  return value
}

/** `HH:MM:SS` at that place, and its decimals. */
function clock(text: string, at: number, { micros }: Decimals): Micros | undefined {
  return timeOfDay(digits(text, at, 2), digits(text, at + 3, 2), digits(text, at + 6, 2), micros)
}

function dated(
  date: CalendarDate, sinceMidnight: Micros | undefined, decimals: Decimals, offset: string | undefined, end: number,
): StampRead {
  const wall = sinceMidnight === undefined || date.month === 0 ? undefined : inUtc(date, sinceMidnight)
  const east = offset === undefined ? undefined : offsetMicros(offset)
  if (wall === undefined || Number.isNaN(east)) return 'bad-time'
  if (east === undefined) return local(date, sinceMidnight, decimals, end)
  return { stamp: { kind: 'epoch', at: (wall - east) as Micros, resolution: resolutionOf(decimals.count) }, end }
}

function local(
  date: Omit<LocalTime, 'sinceMidnight'>, sinceMidnight: Micros | undefined, decimals: Decimals, end: number,
): StampRead {
  if (sinceMidnight === undefined) return 'bad-time'
  const at: LocalTime = { year: date.year, month: date.month, day: date.day, sinceMidnight }
  return { stamp: { kind: 'local', at, resolution: resolutionOf(decimals.count) }, end }
}

/** `Z`, `+0200` or `+02:00` as what to subtract from the wall clock; NaN outside +-23:59. */
function offsetMicros(offset: string): number {
  if (offset === 'Z') return 0
  const span = timeOfDay(digits(offset, 1, 2), digits(offset, offset.length - 2, 2), 0)
  return span === undefined ? Number.NaN : offset.startsWith('-') ? -span : span
}
