import { parseBytes } from '../../parsers/dialects.ts'
import { KnocktailError } from '../error.ts'
import { readHead } from './head.ts'
import { ByteSplitter } from './lines.ts'
import type { LogFile } from './log-file.ts'
import { newLine, type LogLine } from './log-lines.ts'
import { HEAD_BYTES, type HowToRead, type LogText } from './log-text.ts'

/** What a live pipe has not said until then it is not waited for. */
const PATIENCE_MS = 1000

/** A log that is read from its start to its end by this thread. Throws a KnocktailError if it cannot be read at all. */
export async function openStream(file: LogFile, onRead?: (bytes: number) => void): Promise<LogText> {
  const { head, isWhole, chunks } = await readHead(file.chunks(onRead), HEAD_BYTES, file.bytes === undefined ? PATIENCE_MS : undefined)
  return { head, isWhole, batches: (how) => readBatches(chunks, how) }
}

async function* readBatches(chunks: AsyncIterable<Buffer>, { dialect, context, finisher, report }: HowToRead): AsyncGenerator<LogLine[]> {
  const finish = finisher(newLine)
  let batch: LogLine[] = []
  const splitter = new ByteSplitter((bytes, start, end) => {
    report.lines++
    if (start < end) batch.push(finish(report.lines, parseBytes(dialect, { bytes, end }, start, context), bytes, start, end))
  })
  try {
    for await (const chunk of chunks) {
      splitter.push(chunk)
      yield batch
      batch = []
    }
    report.unfinished = splitter.end()
  } catch (error) {
    if (!(error instanceof KnocktailError)) throw error
    report.problem = error
  }
  yield batch
}
