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

/** A view of the bytes that it was asked for last: many lines lie in one buffer. */
export class Views {
  #bytes: Uint8Array = new Uint8Array(0)
  #view = new DataView(this.#bytes.buffer)

  of(bytes: Uint8Array): DataView {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    }
    return this.#view
  }
}

const WORD = 4

/** Some bytes of a line that was read: where the same stand again, what they say need not be read again. Compared by words, not by bytes. */
export class KnownBytes {
  readonly #words: Int32Array
  /** The last word overlaps the one before it. */
  #lastWord = 0
  #length = 0
  readonly #views = new Views()

  /** `limit`: more of them are not kept, nor less than a word. */
  constructor(limit: number) {
    this.#words = new Int32Array(Math.floor(limit / WORD))
  }

  keep(bytes: Uint8Array, start: number, end: number): void {
    const view = this.#views.of(bytes)
    const words = Math.floor((end - start) / WORD)
    this.#length = words === 0 || words > this.#words.length ? 0 : end - start
    if (this.#length === 0) return
    for (let index = 0; index < words; index++) this.#words[index] = view.getInt32(start + index * WORD)
    this.#lastWord = view.getInt32(end - WORD)
  }

  /** Where they end if they begin at `at`, or -1. */
  endAt({ bytes, end: stop }: Line, at: number): number {
    const end = at + this.#length
    if (this.#length === 0 || end > stop) return -1
    const view = this.#views.of(bytes)
    if (view.getInt32(end - WORD) !== this.#lastWord) return -1
    const words = this.#words
    for (let index = 0, place = at; place + WORD <= end; index++, place += WORD) if (view.getInt32(place) !== words[index]) return -1
    return end
  }
}

/** Whether they are anywhere from `at` on. */
export function includes(line: Line, at: number, codes: Uint8Array): boolean {
  for (let start = at; start + codes.length <= line.end; start++) if (startsWith(line, start, codes)) return true
  return false
}

export function isDigit(code: number | undefined): boolean {
  return code !== undefined && code >= 48 && code <= 57
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
