/** Part of a buffer that holds whole lines: readers begin at a place of their own and go up to `end`. */
export interface Line {
  readonly bytes: Uint8Array
  readonly end: number
}

/** Longer than any line that is read (MAX_LINE_BYTES). */
const scratch = Buffer.alloc(16_384)

/** The bytes of a text of one character a byte, where its first is at 0. Good until the next call. */
export function lineOf(text: string): Line {
  if (text.length > scratch.length) return { bytes: Buffer.from(text, 'latin1'), end: text.length }
  return { bytes: scratch, end: scratch.write(text, 0, 'latin1') }
}

/** Whether those bytes are there; `codes` are checked from the left. */
export function startsWith({ bytes, end }: Line, at: number, codes: Uint8Array): boolean {
  if (at + codes.length > end) return false
  for (let index = 0; index < codes.length; index++) if (bytes[at + index] !== codes[index]) return false
  return true
}

/** Some bytes of a line that was read: where the same stand again, what they say need not be read again. */
export class KnownBytes {
  readonly #codes: Uint8Array
  #length = 0

  /** `limit`: more of them are not kept. */
  constructor(limit: number) {
    this.#codes = new Uint8Array(limit)
  }

  keep(bytes: Uint8Array, start: number, end: number): void {
    this.#length = end - start > this.#codes.length ? 0 : end - start
    for (let index = 0; index < this.#length; index++) this.#codes[index] = bytes[start + index]!
  }

  /** Where they end if they begin at `at`, or -1. */
  endAt({ bytes, end }: Line, at: number): number {
    const length = this.#length
    if (length === 0 || at + length > end) return -1
    for (let index = 0; index < length; index++) if (bytes[at + index] !== this.#codes[index]) return -1
    return at + length
  }
}

/** Whether they are anywhere from `at` on. */
export function includes(line: Line, at: number, codes: Uint8Array): boolean {
  for (let start = at; start + codes.length <= line.end; start++) if (startsWith(line, start, codes)) return true
  return false
}

/** The number that so many digits spell, or -1 if one of them is none. */
export function digitsAt(bytes: Uint8Array, at: number, count: number): number {
  let value = 0
  for (let end = at + count; at < end; at++) {
    const digit = bytes[at]! - 48
    if (!(digit >= 0 && digit <= 9)) return -1
    value = value * 10 + digit
  }
  return value
}

/** A place for each of the words seen last, found by their bytes: interfaces, protocols and the like are few. */
const PLACES = 256
const LONGEST_KEPT = 46
const words: string[] = Array.from({ length: PLACES }, () => '')

/** The text of those bytes. Short ones are kept, so that the same word is not made again for every line. */
export function wordAt(bytes: Uint8Array, start: number, end: number): string {
  let hash = end - start
  for (let at = start; at < end; at++) hash = (hash * 31 + bytes[at]!) | 0
  const place = (hash ^ (hash >>> 8)) & (PLACES - 1)
  const known = words[place]!
  if (spells(known, bytes, start, end)) return known
  const word = textAt(bytes, start, end)
  if (word.length <= LONGEST_KEPT) words[place] = word
  return word
}

function spells(word: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (word.length !== end - start) return false
  for (let index = 0; index < word.length; index++) if (word.charCodeAt(index) !== bytes[start + index]) return false
  return true
}

/** The text of those bytes, one character a byte. */
export function textAt(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.prototype.toString.call(bytes, 'latin1', start, end)
}
