import { digitsAt, KnownBytes, wordAt, type Line } from './bytes.ts'
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

/** Up to the decimal point, and from the sign on. */
const SECOND_LENGTH = 20
const ZONE_AT = 26

/** Reads such stamps. Of many lines within a second only the decimals differ. */
export class IsoStamps {
  readonly #second = new KnownBytes(SECOND_LENGTH)
  readonly #zone = new KnownBytes(ISO_LENGTH - ZONE_AT)
  /** When the known second began, on the clock on the wall; undefined: there is none such. */
  #wall: Micros | undefined
  /** By how much that clock is ahead of UTC, as the known zone says. */
  #east: Micros | undefined

  read(line: Line, at: number): Stamp | undefined {
    const { bytes } = line
    if (this.#second.endAt(line, at) < 0) this.#readSecond(bytes, at)
    if (this.#zone.endAt(line, at + ZONE_AT) < 0) this.#readZone(bytes, at + ZONE_AT)
    const micros = digitsAt(bytes, at + SECOND_LENGTH, 6)
    if (this.#wall === undefined || this.#east === undefined || micros < 0) return undefined
    const wall = this.#wall + micros
    return Number.isSafeInteger(wall) ? { kind: 'epoch', at: (wall - this.#east) as Micros, resolution: MICROSECOND } : undefined
  }

  #readSecond(bytes: Uint8Array, at: number): void {
    this.#second.keep(bytes, at, at + SECOND_LENGTH)
    this.#wall = wallAt(bytes, at)
  }

  #readZone(bytes: Uint8Array, at: number): void {
    this.#zone.keep(bytes, at, at + ISO_LENGTH - ZONE_AT)
    this.#east = eastAt(bytes, at)
  }
}

function wallAt(bytes: Uint8Array, at: number): Micros | undefined {
  if (bytes[at + 4] !== HYPHEN || bytes[at + 7] !== HYPHEN || bytes[at + 10] !== LETTER_T || bytes[at + 19] !== POINT) return undefined
  const [year, month, day] = [digitsAt(bytes, at, 4), digitsAt(bytes, at + 5, 2), digitsAt(bytes, at + 8, 2)]
  const sinceMidnight = clockAt(bytes, at + 11)
  return Math.min(year, month, day) < 0 || sinceMidnight === undefined ? undefined : inUtc({ year, month, day }, sinceMidnight)
}

function eastAt(bytes: Uint8Array, at: number): Micros | undefined {
  const sign = bytes[at]
  const [hours, minutes] = [digitsAt(bytes, at + 1, 2), digitsAt(bytes, at + 4, 2)]
  if ((sign !== PLUS && sign !== HYPHEN) || bytes[at + 3] !== COLON || Math.min(hours, minutes) < 0) return undefined
  const span = timeOfDay(hours, minutes, 0)
  return span === undefined || sign === PLUS ? span : (-span as Micros)
}

/** Of `Nov 20 23:36:56`. */
export const SYSLOG_LENGTH = 15

export function syslogStampAt(bytes: Uint8Array, at: number): Stamp | undefined {
  if (bytes[at + 3] !== BLANK || bytes[at + 6] !== BLANK) return undefined
  const month = monthNumber(wordAt(bytes, at, at + 3))
  const day = bytes[at + 4] === BLANK ? digitsAt(bytes, at + 5, 1) : digitsAt(bytes, at + 4, 2)
  const sinceMidnight = clockAt(bytes, at + 7)
  // 2000 was a leap year: a 29 February without its year is possible.
  if (month === 0 || day < 0 || sinceMidnight === undefined || dayNumber(2000, month, day) === undefined) return undefined
  return { kind: 'local', at: { year: undefined, month, day, sinceMidnight }, resolution: SECOND }
}

function clockAt(bytes: Uint8Array, at: number): Micros | undefined {
  if (bytes[at + 2] !== COLON || bytes[at + 5] !== COLON) return undefined
  const [hour, minute, second] = [digitsAt(bytes, at, 2), digitsAt(bytes, at + 3, 2), digitsAt(bytes, at + 6, 2)]
  return Math.min(hour, minute, second) < 0 ? undefined : timeOfDay(hour, minute, second)
}
