import { findDialect, parseBytes } from '../../../parsers/dialects.ts'
import { ByteSplitter } from '../lines.ts'
import type { Answer, Job, ParsedSegment } from './job.ts'
import { RowWriter } from './row-writer.ts'
import { readSegment } from './segment.ts'

/** Reads a segment and parses its lines: what rests on no line before it. */
export function parseSegment(job: Job): Answer {
  try {
    return readAndParse(job)
  } catch (error) {
    const { code, errno, message } = error as NodeJS.ErrnoException
    // What is no error of the file is one of ours.
    if (errno === undefined) throw error
    return { failure: { message, errno, ...(code !== undefined && { code }) } }
  }
}

function readAndParse({ fd, at, segmentBytes, dialect: name, context, room }: Job): ParsedSegment {
  const dialect = findDialect(name)!
  const buffer = Buffer.from(room.bytes)
  const segment = readSegment(fd, at, segmentBytes, buffer)
  const writer = new RowWriter(room.columns)
  let lines = 0
  const splitter = new ByteSplitter((bytes, start, end) => {
    lines++
    if (start < end) writer.add(lines, parseBytes(dialect, { bytes, end }, start, context), start, end)
  })
  splitter.push(buffer.subarray(segment.start, segment.end))
  return { ...segment, bytes: room.bytes, lines, rows: writer.finish() }
}
