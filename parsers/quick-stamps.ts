import { digitsAt, wordAt } from './bytes.ts'
import { dayNumber, inUtc, MICROSECOND, monthNumber, SECOND, timeOfDay, type Micros, type Stamp } from './time.ts'

/**
 * The stamps that syslog daemons write into files, read from bytes: as `stamps.ts` reads them from text. Each has one length, so where it ends
 * is known. Undefined: another stamp, or no such time.
 */

const BLANK = 32
const COLON = 58
const HYPHEN = 45
const PLUS = 43
const POINT = 46
const LETTER_T = 84

/** Of `2026-11-20T23:37:59.921334+00:00`. */
export const ISO_LENGTH = 32

export function isoStampAt(bytes: Uint8Array, at: number): Stamp | undefined {
  const sign = bytes[at + 26]
  if (bytes[at + 4] !== HYPHEN || bytes[at + 7] !== HYPHEN || bytes[at + 10] !== LETTER_T || bytes[at + 19] !== POINT) return undefined
  if ((sign !== PLUS && sign !== HYPHEN) || bytes[at + 29] !== COLON) return undefined
  const [year, month, day] = [digitsAt(bytes, at, 4), digitsAt(bytes, at + 5, 2), digitsAt(bytes, at + 8, 2)]
  const micros = digitsAt(bytes, at + 20, 6)
  const sinceMidnight = clockAt(bytes, at + 11, micros)
  const east = span(digitsAt(bytes, at + 27, 2), digitsAt(bytes, at + 30, 2))
  if (Math.min(year, month, day, micros) < 0 || sinceMidnight === undefined || east === undefined) return undefined
  const wall = inUtc({ year, month, day }, sinceMidnight)
  if (wall === undefined) return undefined
  return { kind: 'epoch', at: (sign === PLUS ? wall - east : wall + east) as Micros, resolution: MICROSECOND }
}

/** Of `Nov 20 23:36:56`. */
export const SYSLOG_LENGTH = 15

export function syslogStampAt(bytes: Uint8Array, at: number): Stamp | undefined {
  if (bytes[at + 3] !== BLANK || bytes[at + 6] !== BLANK) return undefined
  const month = monthNumber(wordAt(bytes, at, at + 3))
  const day = bytes[at + 4] === BLANK ? digitsAt(bytes, at + 5, 1) : digitsAt(bytes, at + 4, 2)
  const sinceMidnight = clockAt(bytes, at + 7, 0)
  // 2000 was a leap year: a 29 February without its year is possible.
  if (month === 0 || day < 0 || sinceMidnight === undefined || dayNumber(2000, month, day) === undefined) return undefined
  return { kind: 'local', at: { year: undefined, month, day, sinceMidnight }, resolution: SECOND }
}

function clockAt(bytes: Uint8Array, at: number, micros: number): Micros | undefined {
  if (bytes[at + 2] !== COLON || bytes[at + 5] !== COLON) return undefined
  const [hour, minute, second] = [digitsAt(bytes, at, 2), digitsAt(bytes, at + 3, 2), digitsAt(bytes, at + 6, 2)]
  return Math.min(hour, minute, second) < 0 ? undefined : timeOfDay(hour, minute, second, micros)
}

function span(hours: number, minutes: number): Micros | undefined {
  return hours < 0 || minutes < 0 ? undefined : timeOfDay(hours, minutes, 0)
}
