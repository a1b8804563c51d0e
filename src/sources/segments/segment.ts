import { readSync } from 'node:fs'
import { KEPT_BYTES } from '../lines.ts'

/**
 * A segment of a file is the lines that begin within so many bytes from a place on. Where these begin and end it shows by itself, so that
 * segments can be read in any order.
 */
export interface Segment {
  /** Where the lines are in the buffer, each with its newline, added where it has none. Of a last one that is too long for any parser there may be only the beginning. */
  readonly start: number
  readonly end: number
  /** No line begins behind it. */
  readonly isLast: boolean
  /** The file has no newline at its end. Said of the last segment. */
  readonly unfinished: boolean
}

const NEWLINE = 10

/** How large a buffer must be: the byte before, the bytes, the rest of a line that is not too long, and a newline where it has none. */
export function bufferBytes(segmentBytes: number): number {
  return 1 + segmentBytes + KEPT_BYTES + 1
}

/** Reads the segment at that place into the buffer. Throws as fs does. */
export function readSegment(fd: number, at: number, segmentBytes: number, buffer: Buffer): Segment {
  // Whether a line begins at the place itself, the byte before it tells.
  const from = Math.max(0, at - 1)
  const limit = at - from + segmentBytes
  const wanted = limit + KEPT_BYTES
  const got = readFully(fd, buffer, wanted, from)
  const start = at === 0 ? 0 : behindNewline(buffer, 0, got)
  const end = behindNewline(buffer, limit - 1, got)
  // If the file ends within its last line, then nothing counts that is written behind it from now on.
  const isLast = got < wanted && (got <= limit || end === undefined)
  const unfinished = isLast && got > 0 && buffer[got - 1] !== NEWLINE
  const isEmpty = start === undefined || start >= Math.min(limit, got)
  return isEmpty ? { start: 0, end: 0, isLast, unfinished } : { start, end: withNewline(buffer, end ?? got), isLast, unfinished }
}

function withNewline(buffer: Buffer, end: number): number {
  if (buffer[end - 1] === NEWLINE) return end
  buffer[end] = NEWLINE
  return end + 1
}

/** Less than `wanted` only at the end of the file. */
function readFully(fd: number, buffer: Buffer, wanted: number, from: number): number {
  let got = 0
  while (got < wanted) {
    const more = readSync(fd, buffer, got, wanted - got, from + got)
    if (more === 0) break
    got += more
  }
  return got
}

/** The place behind the first newline from `at` on; undefined if there is none before `end`. */
function behindNewline(buffer: Buffer, at: number, end: number): number | undefined {
  const newline = buffer.indexOf(NEWLINE, at)
  return newline < 0 || newline >= end ? undefined : newline + 1
}
