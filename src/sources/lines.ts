import { MAX_LINE_BYTES } from '../../parsers/dialects.ts'

/** Of a longer line so much is kept that it is still too long without a carriage return at its end. */
const KEPT_BYTES = MAX_LINE_BYTES + 2

/**
 * Cuts bytes into lines of text, one character a byte. Holds no more than one line of the longest length: what is
 * longer is dropped up to its newline and handed on cut, too long for any parser.
 */
export class LineSplitter {
  readonly #onLine: (text: string) => void
  #carry = ''

  constructor(onLine: (text: string) => void) {
    this.#onLine = onLine
  }

  push(chunk: Buffer): void {
    const text = chunk.toString('latin1')
    let start = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      this.#hold(text, start, end)
      this.#take()
      start = end + 1
    }
    this.#hold(text, start, text.length)
  }

  /** The end of the file: a last line without its newline is one all the same. Answers whether there was one. */
  end(): boolean {
    const unfinished = this.#carry !== ''
    if (unfinished) this.#take()
    return unfinished
  }

  #hold(text: string, start: number, end: number): void {
    const room = KEPT_BYTES - this.#carry.length
    const part = text.slice(start, Math.min(end, start + room))
    this.#carry = this.#carry === '' ? part : this.#carry + part
  }

  #take(): void {
    const line = this.#carry
    this.#carry = ''
    this.#onLine(line.charCodeAt(line.length - 1) === 13 ? line.slice(0, -1) : line)
  }
}
