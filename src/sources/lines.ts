import { MAX_LINE_BYTES } from '../../parsers/dialects.ts'

/** Of a longer line so much is kept that it is still too long without a carriage return at its end. */
export const KEPT_BYTES = MAX_LINE_BYTES + 2
const NEWLINE = 10
const RETURN = 13

/** One line: the bytes from `start` to `end` of `bytes`, without its end. Good only as long as the call. */
export type OnBytes = (bytes: Buffer, start: number, end: number) => void

/**
 * Cuts bytes into lines. Copies only what lies in two chunks, and holds no more than one line of the longest length: what is longer is
 * dropped up to its newline and handed on cut, too long for any parser.
 */
export class ByteSplitter {
  readonly #onLine: OnBytes
  #carry: Buffer | undefined
  #carried = 0

  constructor(onLine: OnBytes) {
    this.#onLine = onLine
  }

  push(chunk: Buffer): void {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      if (this.#carried === 0) this.#take(chunk, start, Math.min(end, start + KEPT_BYTES))
      else {
        this.#hold(chunk, start, end)
        this.#takeCarried()
      }
      start = end + 1
    }
    this.#hold(chunk, start, chunk.length)
  }

  /** The end of the file: a last line without its newline is one all the same. Answers whether there was one. */
  end(): boolean {
    const unfinished = this.#carried > 0
    if (unfinished) this.#takeCarried()
    return unfinished
  }

  #hold(chunk: Buffer, start: number, end: number): void {
    if (start === end) return
    this.#carry ??= Buffer.allocUnsafe(KEPT_BYTES)
    this.#carried += chunk.copy(this.#carry, this.#carried, start, end)
  }

  #takeCarried(): void {
    const end = this.#carried
    this.#carried = 0
    this.#take(this.#carry!, 0, end)
  }

  #take(bytes: Buffer, start: number, end: number): void {
    this.#onLine(bytes, start, end > start && bytes[end - 1] === RETURN ? end - 1 : end)
  }
}

/** The same as text of one character a byte. */
export class LineSplitter {
  readonly #splitter: ByteSplitter

  constructor(onLine: (text: string) => void) {
    this.#splitter = new ByteSplitter((bytes, start, end) => onLine(bytes.toString('latin1', start, end)))
  }

  push(chunk: Buffer): void {
    this.#splitter.push(chunk)
  }

  end(): boolean {
    return this.#splitter.end()
  }
}
