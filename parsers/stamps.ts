import {
  dayNumber, fraction, inUtc, MILLISECOND, monthNumber, resolutionOf, SECOND, timeOfDay,
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

const SYSLOG = /([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?/y

/** `Nov 20 23:36:56` of RFC 3164 (section 4.1.2), with or without decimals, the day padded with a blank or a zero. */
export function readSyslogStamp(text: string, at: number): StampRead {
  const found = matchAt(SYSLOG, text, at)
  if (!found) return undefined
  const [all, month, day, hour, minute, second, decimals = ''] = found
  const date = { year: undefined, month: monthNumber(month!), day: Number(day) }
  // 2000 was a leap year: a 29 February without its year is possible.
  if (date.month === 0 || dayNumber(2000, date.month, date.day) === undefined) return 'bad-time'
  return local(date, clock(hour, minute, second, decimals), decimals, at + all.length)
}

const TIME_OF_DAY = /(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?/y

/** `23:36:56.516506`, tcpdump's default: no date at all. */
export function readTimeOfDay(text: string, at: number): StampRead {
  const found = matchAt(TIME_OF_DAY, text, at)
  if (!found) return undefined
  const [all, hour, minute, second, decimals = ''] = found
  const date = { year: undefined, month: undefined, day: undefined }
  return local(date, clock(hour, minute, second, decimals), decimals, at + all.length)
}

const ISO = /(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?/y

/** RFC 3339, with a blank for the `T`, a comma for the point, an offset without colon, or no offset at all. */
export function readIsoStamp(text: string, at: number): StampRead {
  const found = matchAt(ISO, text, at)
  if (!found) return undefined
  const [all, year, month, day, hour, minute, second, decimals = '', offset] = found
  const date = { year: Number(year), month: Number(month), day: Number(day) }
  return dated(date, clock(hour, minute, second, decimals), decimals, offset, at + all.length)
}

const CLF = /(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-]\d{4})/y

/** `20/Nov/2026:23:42:50 +0000` of the common log format: Apache's `%t`, nginx's `$time_local`. */
export function readClfStamp(text: string, at: number): StampRead {
  const found = matchAt(CLF, text, at)
  if (!found) return undefined
  const [all, day, month, year, hour, minute, second, offset] = found
  const date = { year: Number(year), month: monthNumber(month!), day: Number(day) }
  return dated(date, clock(hour, minute, second, ''), '', offset, at + all.length)
}

const CTIME = /[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})/y

/** `Fri Nov 20 23:32:53 2026` of ctime(3), in local time: `dmesg -T`. */
export function readCtimeStamp(text: string, at: number): StampRead {
  const found = matchAt(CTIME, text, at)
  if (!found) return undefined
  const [all, month, day, hour, minute, second, year] = found
  const date = { year: Number(year), month: monthNumber(month!), day: Number(day) }
  return dated(date, clock(hour, minute, second, ''), '', undefined, at + all.length)
}

/** Seconds with decimals as microseconds. */
export function seconds(whole: string, decimals: string): Micros {
  return (Number(whole) * SECOND + fraction(decimals)) as Micros
}

/** An epoch stamp from numbers that a JSON log carries, in seconds. */
export function epochSeconds(value: number): Stamp | undefined {
  if (!Number.isFinite(value) || value < 0 || value > 253_402_300_799) return undefined
  return { kind: 'epoch', at: Math.floor(value * SECOND) as Micros, resolution: Number.isInteger(value) ? SECOND : MILLISECOND }
}

interface CalendarDate { readonly year: number; readonly month: number; readonly day: number }

function clock(hour?: string, minute?: string, second?: string, decimals?: string): Micros | undefined {
  return timeOfDay(Number(hour), Number(minute), Number(second), decimals ? fraction(decimals) : 0)
}

function dated(
  date: CalendarDate, sinceMidnight: Micros | undefined, decimals: string, offset: string | undefined, end: number,
): StampRead {
  const wall = sinceMidnight === undefined ? undefined : inUtc(date, sinceMidnight)
  const east = offset === undefined ? undefined : offsetMicros(offset)
  if (wall === undefined || Number.isNaN(east)) return 'bad-time'
  if (east === undefined) return local(date, sinceMidnight, decimals, end)
  const at = (wall - east) as Micros
  return { stamp: { kind: 'epoch', at, resolution: resolutionOf(decimals.length) }, end }
}

function local(date: Omit<LocalTime, 'sinceMidnight'>, sinceMidnight: Micros | undefined, decimals: string, end: number): StampRead {
  if (sinceMidnight === undefined) return 'bad-time'
  const at: LocalTime = { year: date.year, month: date.month, day: date.day, sinceMidnight }
  return { stamp: { kind: 'local', at, resolution: resolutionOf(decimals.length) }, end }
}

/** `Z`, `+0200` or `+02:00` as what to subtract from the wall clock; NaN outside +-23:59. */
function offsetMicros(offset: string): number {
  if (offset === 'Z') return 0
  const span = timeOfDay(Number(offset.slice(1, 3)), Number(offset.slice(-2)), 0)
  return span === undefined ? Number.NaN : offset.startsWith('-') ? -span : span
}
