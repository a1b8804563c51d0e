import type { ParseContext } from '../../../parsers/parser.ts'
import { memoryOf, newColumns } from './columns.ts'
import type { Rows } from './rows.ts'
import { bufferBytes, type Segment } from './segment.ts'

/** Memory that a segment is read into, and its rows (see columns.ts). It goes to and fro between threads, so that there is never more of it than segments under way. */
export interface Room {
  readonly bytes: SharedArrayBuffer
  readonly columns: SharedArrayBuffer
}

/** Most lines are longer; where they are not, columns grow. */
const BYTES_PER_ROW = 100

export function newRoom(segmentBytes: number): Room {
  return { bytes: new SharedArrayBuffer(bufferBytes(segmentBytes)), columns: memoryOf(newColumns(Math.ceil(segmentBytes / BYTES_PER_ROW))) }
}

/** A segment to be read and parsed. */
export interface Job {
  readonly fd: number
  readonly at: number
  readonly segmentBytes: number
  /** One of DIALECTS. */
  readonly dialect: string
  readonly context: ParseContext
  readonly room: Room
}

export type Answer = ParsedSegment | Failure

export interface ParsedSegment extends Segment {
  readonly bytes: SharedArrayBuffer
  /** How many there are, with the empty ones, of which there are no rows. */
  readonly lines: number
  readonly rows: Rows
}

/** The file cannot be read there, or the thread has ended: what an Error says of it. (A clone of one has lost code and errno.) */
interface Failure {
  readonly failure: Pick<NodeJS.ErrnoException, 'message' | 'code' | 'errno'>
}
