import { closeSync, fstatSync, readSync } from 'node:fs'
import type { Micros } from '../../parsers/time.ts'
import { factsOf, type FileFacts, type OpenedFile } from './file-facts.ts'
import { HEAD_BYTES, hashOf, type Place } from './file-place.ts'
import { KEPT_BYTES, LineSplitter } from './lines.ts'

const CHUNK_BYTES = 1 << 17
const NEWLINE = 10

/** Shared: what was read is in lines before the next read. */
const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
const headChunk = Buffer.allocUnsafe(HEAD_BYTES)

export interface Chunk {
  readonly lines: readonly string[]
  readonly bytes: number
  readonly backlog: boolean
  readonly counted: boolean
}

/** How it is to be read. */
export interface Beginning {
  readonly offset: number
  readonly carry?: string
  /** What lies before was there before we came. @default 0 */
  readonly backlogEnd?: number
  /** What lies before was counted by the process before us. @default 0 */
  readonly countedFrom?: number
}

/**
 * One file that is, or was, the log: read through its descriptor, whatever becomes of its name. Every byte that is handed on was read
 * while the file still began with the bytes that it began with before.
 */
export class Generation {
  readonly key: string
  readonly begunNs: bigint
  readonly fd: number
  /** When another file took its name. */
  replacedAt: Micros | undefined
  lastReadAt: Micros
  #backlogEnd: number
  #countedFrom: number
  #head: Buffer = Buffer.alloc(0)
  #offset: number
  /** Where the line begins that was not finished yet. */
  #lineStart: number
  #carry: string
  #splitter: LineSplitter
  #lines: string[] = []
  #handedOn: Pick<Place, 'offset' | 'carry'>

  constructor({ fd, facts }: OpenedFile, { offset, carry = '', backlogEnd = 0, countedFrom = 0 }: Beginning, now: Micros) {
    this.fd = fd
    this.key = facts.key
    this.begunNs = facts.begunNs
    this.lastReadAt = now
    this.#backlogEnd = backlogEnd
    this.#countedFrom = countedFrom
    this.#offset = offset
    this.#lineStart = offset
    this.#carry = carry
    this.#handedOn = { offset, carry }
    this.#splitter = this.#newSplitter(carry)
    this.#readHead()
  }

  get head(): Buffer {
    return this.#head
  }

  get offset(): number {
    return this.#offset
  }

  /** As the file is now. */
  facts(): FileFacts {
    return factsOf(fstatSync(this.fd, { bigint: true }))
  }

  /** The next lines; `end`: there are none yet; `truncated`: its contents are others now. Throws as fs does. */
  read(now: Micros): Chunk | 'end' | 'truncated' {
    const bytes = readSync(this.fd, chunk, 0, this.#room(), this.#offset)
    // Looked at afterwards: what was read before the file was truncated is as good as what a copy holds.
    if (this.facts().size < this.#offset || !this.#readHead()) return 'truncated'
    if (bytes === 0) return 'end'
    const backlog = this.#offset < this.#backlogEnd
    const counted = this.#offset >= this.#countedFrom
    this.#push(chunk.subarray(0, bytes))
    this.lastReadAt = now
    return { lines: this.#lines.splice(0), bytes, backlog, counted }
  }

  /** Its lines so far were taken in. */
  handedOn(): void {
    const isFirst = this.#lineStart === 0
    this.#handedOn = { offset: this.#lineStart, carry: isFirst ? this.#carry : '' }
  }

  /** How far its lines were handed on. */
  place(): Place {
    return { key: this.key, headBytes: this.#head.length, headHash: hashOf(this.#head), ...this.#handedOn }
  }

  /** The beginning of the line that was not finished. */
  pending(): string {
    const length = Math.min(this.#offset - this.#lineStart, KEPT_BYTES)
    const own = Buffer.allocUnsafe(length)
    const bytes = readSync(this.fd, own, 0, length, this.#lineStart)
    const before = this.#lineStart === 0 ? this.#carry : ''
    return `${before}${own.toString('latin1', 0, bytes)}`.slice(0, KEPT_BYTES)
  }

  /** Its contents are others now: they are read from their start, as the end of that line. */
  startAnew(carry: string): void {
    this.#head = Buffer.alloc(0)
    this.#offset = this.#lineStart = this.#backlogEnd = this.#countedFrom = 0
    this.#carry = carry
    this.#splitter = this.#newSplitter(carry)
    this.handedOn()
    this.#readHead()
  }

  close(): void {
    closeSync(this.fd)
  }

  #newSplitter(carry: string): LineSplitter {
    const splitter = new LineSplitter((line) => this.#lines.push(line))
    if (carry !== '') splitter.push(Buffer.from(carry, 'latin1'))
    return splitter
  }

  /** A chunk lies on one side of each border. */
  #room(): number {
    const borders = [this.#backlogEnd, this.#countedFrom].map((border) => border - this.#offset).filter((room) => room > 0)
    return Math.min(CHUNK_BYTES, ...borders)
  }

  #push(bytes: Buffer): void {
    this.#splitter.push(bytes)
    const newline = bytes.lastIndexOf(NEWLINE)
    if (newline >= 0) this.#lineStart = this.#offset + newline + 1
    this.#offset += bytes.length
  }

  /** Learns more of how the file begins. Answers whether it still begins as it did. */
  #readHead(): boolean {
    const known = this.#head
    const bytes = readSync(this.fd, headChunk, 0, HEAD_BYTES, 0)
    if (bytes < known.length || headChunk.compare(known, 0, known.length, 0, known.length) !== 0) return false
    if (bytes > known.length) this.#head = Buffer.from(headChunk.subarray(0, bytes))
    return true
  }
}

/** Where the last line begins that is not finished yet. */
export function lastLineStart({ fd, facts: { size } }: OpenedFile): number {
  const length = Math.min(size, KEPT_BYTES)
  const bytes = readSync(fd, chunk, 0, length, size - length)
  const newline = chunk.subarray(0, bytes).lastIndexOf(NEWLINE)
  return newline < 0 ? size - length : size - length + newline + 1
}

/** The first bytes of a file that is only looked at. */
export function headOf(fd: number): Buffer {
  return Buffer.from(headChunk.subarray(0, readSync(fd, headChunk, 0, HEAD_BYTES, 0)))
}
