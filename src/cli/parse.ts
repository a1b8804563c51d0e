import { REASONS } from '../../parsers/reason.ts'
import { decodeUtf8 } from '../../parsers/text.ts'
import { eventRecord, eventText } from '../event-record.ts'
import { jsonLine } from '../json-line.ts'
import { printable } from '../printable.ts'
import type { LogLine, RefusedLine } from '../sources/log-lines.ts'
import type { LogReader } from '../sources/log-reader.ts'
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
    const show = linePrinter(reader, readers.length > 1, options)
    for await (const batch of reader.batches()) {
      for (const line of batch) output.line(show(line))
      await output.flush()
    }
  }
  progress.stop()
  for (const reader of readers) for (const text of summarizeLog(reader)) tell(text)
  return readers.every(isReadable) ? 0 : 1
}

type LinePrinter = (line: LogLine) => string | undefined

/** What is printed of a line, undefined for nothing; of several logs each line says which one it is from. */
function linePrinter({ file, facts }: LogReader, isOneOfSeveral: boolean, { json, unmatched }: ParseOptions): LinePrinter {
  const log = isOneOfSeveral ? file.path : undefined
  const prefix = isOneOfSeveral ? `${file.title}:` : ''
  const parser = facts.dialect.name
  if (unmatched) return (line) => (line.event ? undefined : json ? jsonLine(unmatchedRecord(line, log)) : prefix + unmatchedText(line))
  return (line) => (line.event ? (json ? jsonLine(eventRecord(line, parser, log)) : prefix + printable(eventText(line))) : undefined)
}

function unmatchedRecord({ number, reason, text }: RefusedLine, log: string | undefined): Record<string, unknown> {
  return { line: number, reason, text: decodeUtf8(text) ?? text, log }
}

function unmatchedText({ number, reason, text }: RefusedLine): string {
  return `${String(number).padStart(6)}  ${REASONS[reason]}: ${printable(decodeUtf8(text) ?? text)}`
}
