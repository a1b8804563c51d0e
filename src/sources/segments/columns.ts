type Doubles = Float64Array<SharedArrayBuffer>
type Words = Uint32Array<SharedArrayBuffer>
type Shorts = Uint16Array<SharedArrayBuffer>

/**
 * By what lines differ, in columns of numbers, a row a line. They lie side by side in memory that threads share: one writes, then the other
 * reads, and nothing is copied.
 */
export interface Columns {
  /** Microseconds. */
  readonly ats: Doubles
  /** An IPv4 address as its number, from `FIRST_TEXT` on places in the list of texts. */
  readonly srcs: Doubles
  readonly dsts: Doubles
  /** A line's number and its text in the segment. */
  readonly numbers: Words
  readonly starts: Words
  readonly ends: Words
  /** Places in the lists that go beside the columns. */
  readonly forms: Words
  readonly texts: Words
  readonly forwardedFor: Words
  readonly seqs: Words
  readonly sports: Shorts
  readonly dports: Shorts
  readonly ipIds: Shorts
}

/** What those below take together. */
const ROW_BYTES = 3 * 8 + 7 * 4 + 3 * 2

export function newColumns(rows: number): Columns {
  return columnsIn(new SharedArrayBuffer(rows * ROW_BYTES))
}

/** The columns that are written, or to be written, in that memory. */
export function columnsIn(memory: SharedArrayBuffer): Columns {
  const rows = Math.floor(memory.byteLength / ROW_BYTES)
  let end = 0
  const next = (width: number): number => {
    const start = end
    end += width * rows
    return start
  }
  const doubles = (): Doubles => new Float64Array(memory, next(8), rows)
  const words = (): Words => new Uint32Array(memory, next(4), rows)
  const shorts = (): Shorts => new Uint16Array(memory, next(2), rows)
  return {
    // The widest numbers first: so each column begins at a multiple of its width.
    ats: doubles(), srcs: doubles(), dsts: doubles(),
    numbers: words(), starts: words(), ends: words(), forms: words(), texts: words(), forwardedFor: words(), seqs: words(),
    sports: shorts(), dports: shorts(), ipIds: shorts(),
  }
}

export function rowsOf({ ats }: Columns): number {
  return ats.length
}

export function memoryOf({ ats }: Columns): SharedArrayBuffer {
  return ats.buffer
}

/** The same rows, and room for as many again. */
export function grown(columns: Columns): Columns {
  const larger = newColumns(2 * rowsOf(columns))
  for (const name of Object.keys(columns) as (keyof Columns)[]) larger[name].set(columns[name])
  return larger
}
