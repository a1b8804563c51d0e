import { DAY, HOUR, MILLISECOND, MINUTE, SECOND, type Micros } from '../../parsers/time.ts'
import { quoted } from '../printable.ts'
import type { Read } from './read.ts'

/** Largest first, so that formatting finds the shortest text. */
const UNITS: readonly (readonly [name: string, micros: Micros])[] = [
  ['d', DAY],
  ['h', HOUR],
  ['m', MINUTE],
  ['s', SECOND],
  ['ms', MILLISECOND],
]

const LONGEST = (366 * DAY) as Micros

/** `500ms`, `15s`, `2m`, `8h`, `1d`, or a bare number of seconds; decimals are allowed. */
export function readDuration(text: string): Read<Micros> {
  const [, number, unit = 's'] = /^(\d{1,15}(?:\.\d{1,15})?)\s*(ms|[smhd])?$/.exec(text) ?? []
  if (number === undefined) return { fault: `${quoted(text)} is no duration: write 500ms, 15s, 2m, 8h or 1d` }
  const micros = UNITS.find(([name]) => name === unit)?.[1] ?? SECOND
  const value = Math.round(Number(number) * micros) as Micros
  return value <= LONGEST ? { value } : { fault: `${quoted(text)} is longer than a year: write at most 366d` }
}

/** A duration that must not be 0. */
export function readPositiveDuration(text: string): Read<Micros> {
  const read = readDuration(text)
  return 'fault' in read || read.value > 0 ? read : { fault: `${quoted(text)} leaves no time at all: write more than 0` }
}

/**
 * A number of seconds as knockd takes it. knockd would silently read `1m` as 1 and `abc` as 0; neither is what was meant,
 * so only a whole number is accepted.
 */
export function readKnockdSeconds(text: string): Read<Micros> {
  if (/^\+?\d{1,8}$/.test(text)) return readDuration(text.replace('+', ''))
  return { fault: `${quoted(text)} is no number of seconds: knockd reads whole seconds only, such as 15` }
}

export function readPositiveKnockdSeconds(text: string): Read<Micros> {
  const read = readKnockdSeconds(text)
  if ('fault' in read || read.value > 0) return read
  return { fault: `${quoted(text)} would let no sequence ever complete: write at least 1` }
}

/** The shortest text that `readDuration` reads as the same span. */
export function formatDuration(micros: Micros): string {
  if (micros === 0) return '0'
  const [name, unit] = UNITS.find(([, size]) => micros % size === 0) ?? ['ms', MILLISECOND]
  return `${micros / unit}${name}`
}
