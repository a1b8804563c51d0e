import type { LineFinisher, LogLine } from '../log-lines.ts'
import { columnsIn, type Columns } from './columns.ts'
import type { ParsedSegment } from './job.ts'
import { RowReader } from './row-reader.ts'

/** So few are told of at a time that what is made of a line is gone before a garbage collector has to move it. */
const ROWS_PER_BATCH = 512

/** The lines of a segment, made of its rows one by one, as they are asked for: a batch with each iteration. */
export class RowLines implements IterableIterator<LogLine> {
  readonly #before: number
  readonly #finish: LineFinisher
  readonly #bytes: Buffer
  readonly #columns: Columns
  readonly #reader: RowReader
  readonly #count: number
  /** The same each time. */
  readonly #result: { done: false; value: LogLine } = { done: false, value: undefined! }
  #row = 0
  /** Behind the last row of the batch. */
  #batchEnd = 0

  /** `before`: how many lines are before the segment. */
  constructor({ bytes, start, end, rows }: ParsedSegment, before: number, finish: LineFinisher) {
    this.#before = before
    this.#finish = finish
    this.#bytes = Buffer.from(bytes, start, end - start)
    this.#columns = columnsIn(rows.columns)
    this.#reader = new RowReader(rows)
    this.#count = rows.count
  }

  get hasMore(): boolean {
    return this.#row < this.#count
  }

  next(): IteratorResult<LogLine> {
    if (this.#row === this.#batchEnd) return { done: true, value: undefined }
    const row = this.#row++
    const { numbers, starts, ends } = this.#columns
    this.#result.value = this.#finish(this.#before + numbers[row]!, this.#reader.outcome(row), this.#bytes, starts[row]!, ends[row]!)
    return this.#result
  }

  /** Begins the next batch. */
  [Symbol.iterator](): this {
    this.#batchEnd = Math.min(this.#row + ROWS_PER_BATCH, this.#count)
    return this
  }
}
