import { MAX_LINE_BYTES } from '../../parsers/dialects.ts'

/**
 * Cuts bytes into lines of text, one character a byte. Holds no more than one line of the longest length: what is
 * longer is dropped up to its newline and handed on cut, too long for any parser.
 */
export class LineSplitter {
  readonly #onLine: (text: string) => void
  #carry = ''
  #discarding = false

  constructor(onLine: (text: string) => void) {
    this.#onLine = onLine
  }

  push(chunk: Buffer): void {
    const text = chunk.toString('latin1')
    let start = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      this.#take(text, start, end)
      start = end + 1
    }
    this.#hold(text, start)
  }

  /** The end of the file: a last line without its newline is one all the same. Answers whether there was one. */
  end(): boolean {
    const unfinished = this.#carry !== ''
    if (unfinished) this.#take('', 0, 0)
    return unfinished
  }

  #take(text: string, start: number, end: number): void {
    const line = this.#discarding ? this.#carry : this.#carry === '' ? text.slice(start, end) : this.#carry + text.slice(start, end)
    this.#carry = ''
    this.#discarding = false
    this.#onLine(line.charCodeAt(line.length - 1) === 13 ? line.slice(0, -1) : line)
  }

  #hold(text: string, start: number): void {
    if (this.#discarding || start === text.length) return
    this.#carry += text.slice(start, start + MAX_LINE_BYTES + 1)
    if (this.#carry.length <= MAX_LINE_BYTES) return
    this.#carry = this.#carry.slice(0, MAX_LINE_BYTES + 1)
    this.#discarding = true
  }
}
