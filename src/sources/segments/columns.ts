/**
 * By what lines differ, in columns of numbers. They lie in memory that threads share: one writes, then the other reads, and nothing is copied.
 */
export interface Columns {
  readonly memory: SharedArrayBuffer
  readonly rows: number
  /** Microseconds. */
  readonly ats: Float64Array
  /** An IPv4 address as its number, from 2^32 on places in the list of texts. */
  readonly srcs: Float64Array
  readonly dsts: Float64Array
  /** A line's number and its text in the segment. */
  readonly numbers: Uint32Array
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  /** Places in the lists that go beside the columns. */
  readonly forms: Uint32Array
  readonly texts: Uint32Array
  readonly forwardedFor: Uint32Array
  readonly seqs: Uint32Array
  readonly sports: Uint16Array
  readonly dports: Uint16Array
  readonly ipIds: Uint16Array
}

const DOUBLES = 3
const WORDS = 7
const SHORTS = 3
const ROW_BYTES = 8 * DOUBLES + 4 * WORDS + 2 * SHORTS

const NAMES = ['ats', 'srcs', 'dsts', 'numbers', 'starts', 'ends', 'forms', 'texts', 'forwardedFor', 'seqs', 'sports', 'dports', 'ipIds'] as const

export function newColumns(rows: number): Columns {
  return columnsIn(new SharedArrayBuffer(rows * ROW_BYTES))
}

/** The columns that are written, or to be written, in that memory. */
export function columnsIn(memory: SharedArrayBuffer): Columns {
  const rows = Math.floor(memory.byteLength / ROW_BYTES)
  const double = (index: number): Float64Array => new Float64Array(memory, index * 8 * rows, rows)
  const word = (index: number): Uint32Array => new Uint32Array(memory, (8 * DOUBLES + 4 * index) * rows, rows)
  const short = (index: number): Uint16Array => new Uint16Array(memory, (8 * DOUBLES + 4 * WORDS + 2 * index) * rows, rows)
  return {
    memory, rows,
    ats: double(0), srcs: double(1), dsts: double(2),
    numbers: word(0), starts: word(1), ends: word(2), forms: word(3), texts: word(4), forwardedFor: word(5), seqs: word(6),
    sports: short(0), dports: short(1), ipIds: short(2),
  }
}

/** The same rows, and room for as many again. */
export function grown(columns: Columns): Columns {
  const larger = newColumns(2 * columns.rows)
  for (const name of NAMES) larger[name].set(columns[name])
  return larger
}
