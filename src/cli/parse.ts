import { REASONS } from '../../parsers/reason.ts'
import type { ConnectionEvent } from '../../parsers/event.ts'
import { decodeUtf8 } from '../../parsers/text.ts'
import { eventRecord, eventText } from '../event-record.ts'
import { jsonLine } from '../json-line.ts'
import { printable } from '../printable.ts'
import type { LogLine, LogReader } from '../sources/log-reader.ts'
import { openLogs, type LogOptions } from './logs.ts'
import { isReadable, summarizeLog } from './log-summary.ts'
import { Output, tell } from './output.ts'

export interface ParseOptions extends LogOptions {
  readonly json?: boolean
  readonly unmatched?: boolean
}

/** `knocktail parse`: the events that logs show, or the lines that show none and why. Answers the exit code. */
export async function runParse(specs: readonly string[], options: ParseOptions): Promise<number> {
  const { readers, progress } = await openLogs(specs, options)
  const output = new Output(progress.pause)
  for (const reader of readers) {
    const prefix = readers.length > 1 && !options.json ? `${reader.file.title}:` : ''
    for await (const batch of reader.batches()) {
      for (const text of batch.flatMap((line) => lineText(line, reader, options) ?? [])) output.line(prefix + text)
      await output.flush()
    }
  }
  progress.stop()
  for (const reader of readers) for (const text of summarizeLog(reader)) tell(text)
  return readers.every(isReadable) ? 0 : 1
}

function lineText(line: LogLine, reader: LogReader, options: ParseOptions): string | undefined {
  return options.unmatched ? unmatchedLine(line, options) : eventLine(line, reader, options)
}

function eventLine(line: LogLine, { facts }: LogReader, { json }: ParseOptions): string | undefined {
  const { event } = line
  if (event === undefined) return undefined
  const understood: LogLine & { event: ConnectionEvent } = { ...line, event }
  return json ? jsonLine(eventRecord(understood, facts.dialect.name)) : printable(eventText(understood))
}

function unmatchedLine({ number, reason, text }: LogLine, { json }: ParseOptions): string | undefined {
  if (reason === undefined) return undefined
  const shown = decodeUtf8(text) ?? text
  return json ? jsonLine({ line: number, reason, text: shown }) : `${String(number).padStart(6)}  ${REASONS[reason]}: ${printable(shown)}`
}
