import { createHash } from 'node:crypto'
import { KEPT_BYTES } from './lines.ts'
import { isCount, isRecord } from './position.ts'

/** So many first bytes tell a log from any other: its first lines, with their stamps. */
export const HEAD_BYTES = 1024

/** A place between two lines of one generation of a log, as it is kept over a restart. */
export interface Place {
  readonly key: string
  /** How many first bytes were known, and their hash. */
  readonly headBytes: number
  readonly headHash: string
  readonly offset: number
  /** What a copytruncate cut from the first line: it stands at the end of the copy. One character a byte. */
  readonly carry: string
}

/** Where a log was left: a place in each of its generations that were still followed, the newest last. */
export interface FilePosition {
  readonly read: readonly Place[]
  /** Where the lines of the last `RESUME_SPAN` begin. */
  readonly resume: Place | undefined
  /** When the youngest file was begun that was known then, in nanoseconds of the wall clock: what is younger is new, whatever it is. */
  readonly youngest: string
}

export function hashOf(head: Buffer): string {
  return createHash('sha256').update(head).digest('base64').slice(0, 22)
}

/** Undefined if it is no position of a file. */
export function readFilePosition(value: unknown): FilePosition | undefined {
  if (!isRecord(value) || !Array.isArray(value['read'])) return undefined
  const { youngest } = value
  if (typeof youngest !== 'string' || !/^\d{1,20}$/.test(youngest)) return undefined
  const read = value['read'].flatMap((place) => readPlace(place) ?? [])
  // None at all: there was no such file.
  return read.length < value['read'].length ? undefined : { read, resume: readPlace(value['resume']), youngest }
}

function readPlace(value: unknown): Place | undefined {
  if (!isRecord(value)) return undefined
  const { key, headBytes, headHash, offset, carry } = value
  if (typeof key !== 'string' || typeof headHash !== 'string' || typeof carry !== 'string') return undefined
  if (!isCount(headBytes) || headBytes > HEAD_BYTES || !isCount(offset) || carry.length > KEPT_BYTES) return undefined
  return { key, headBytes, headHash, offset, carry }
}

/** Whether a file begins as the one of that place did. Nothing is known of one that was empty. */
export function hasHead(place: Place, head: Buffer, size: number): boolean {
  if (place.headBytes === 0 || size < place.offset || head.length < place.headBytes) return false
  return hashOf(head.subarray(0, place.headBytes)) === place.headHash
}

/** Whether it is that very file, in the same state or grown. */
export function isSameFile(place: Place, file: { readonly key: string; readonly head: Buffer; readonly size: number }): boolean {
  return place.key === file.key && (place.headBytes === 0 ? place.offset === 0 : hasHead(place, file.head, file.size))
}
