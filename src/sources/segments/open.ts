import { closeSync, readSync } from 'node:fs'
import type { FileParts } from '../log-file.ts'
import { lineInPlace } from '../line-in-place.ts'
import type { Lines } from '../log-lines.ts'
import { HEAD_BYTES, type HowToRead, type LogText } from '../log-text.ts'
import { parsedSegments } from './batches.ts'
import { RowLines } from './row-lines.ts'
import type { Threads } from './threads.ts'

/** A log whose lines threads parse. Throws a KnocktailError if it cannot be read at all. */
export function openSegments(parts: FileParts, threads: Threads, onRead?: (bytes: number) => void): LogText {
  const fd = parts.open()
  threads.start()
  const head = readHead(fd, parts)
  return { head, isWhole: head.length < HEAD_BYTES, batches: (how) => readBatches(fd, parts, threads, how, onRead) }
}

function readHead(fd: number, parts: FileParts): Buffer {
  const head = Buffer.alloc(HEAD_BYTES)
  try {
    return head.subarray(0, readSync(fd, head, 0, HEAD_BYTES, 0))
  } catch (error) {
    closeSync(fd)
    throw parts.unreadable(error)
  }
}

/** What threads have parsed, put together in the order of the file. */
async function* readBatches(fd: number, parts: FileParts, threads: Threads, { dialect, context, finisher, report }: HowToRead, onRead?: (bytes: number) => void): AsyncGenerator<Lines> {
  const finish = finisher(lineInPlace())
  try {
    for await (const segment of parsedSegments({ fd, dialect: dialect.name, context }, threads)) {
      if ('failure' in segment) {
        report.problem = parts.unreadable(Object.assign(new Error(segment.failure.message), segment.failure))
        return
      }
      onRead?.(segment.end - segment.start)
      for (const lines = new RowLines(segment, report.lines, finish); lines.hasMore;) yield lines
      report.lines += segment.lines
      report.unfinished = segment.unfinished
    }
  } finally {
    closeSync(fd)
  }
}
