import { createClock, type Clock } from '../../parsers/clock.ts'
import { findDialect, parseLine } from '../../parsers/dialects.ts'
import { connectionEvent, type ConnectionEvent } from '../../parsers/event.ts'
import { DEFAULT_CONTEXT, isParsed, type Dialect, type Outcome, type ParseContext, type Refused } from '../../parsers/parser.ts'
import type { Reason } from '../../parsers/reason.ts'
import type { Micros, Stamp } from '../../parsers/time.ts'
import { wallClock } from '../../parsers/wall-clock.ts'
import type { Zone } from '../../parsers/zone.ts'
import { KnocktailError } from '../error.ts'
import { printable } from '../printable.ts'
import { detectDialect, detectSpans, FIRST_CONTEXT } from './detect.ts'
import { LineSplitter } from './lines.ts'
import type { LogFile } from './log-file.ts'

/** How a log is to be read. What is undefined is found out from the log. */
export interface ReadOptions {
  readonly parser: string | undefined
  readonly zone: Zone
  readonly year: number | undefined
  readonly spans: ParseContext['spans'] | undefined
}

/** One line of a log, understood or not. */
export interface LogLine {
  readonly number: number
  readonly text: string
  readonly event: ConnectionEvent | undefined
  /** Undefined exactly if there is an event. */
  readonly reason: Reason | undefined
  /** Whether the line itself says when. */
  readonly stamped: boolean
}

/** What was found out about a log, for people to check. */
interface LogFacts {
  readonly dialect: Dialect
  /** Set if the dialect was found out: how many of how many lines it understood. */
  readonly detected: { readonly understood: number; readonly tried: number } | undefined
  /** Whether stamps without a zone were seen at the beginning: they are read in the given one. */
  readonly zoneless: boolean
}

/** A log being read from its start. */
export interface LogReader {
  readonly file: LogFile
  readonly facts: LogFacts
  readonly report: LogReport
  /** Lines in their order, in batches. What ends the log before its end is in the report. */
  readonly batches: () => AsyncGenerator<LogLine[]>
}

/** How the reading went so far. */
interface LogReport {
  lines: number
  events: number
  readonly reasons: Map<Reason, number>
  /** The last line had no newline: it may have been cut. */
  unfinished: boolean
  /** Why the log could not be read to its end. */
  problem: Error | undefined
}

/** Reads the beginning of the log to find out how to read it. Throws a KnocktailError if nothing can be made of it. */
export async function openLogReader(file: LogFile, options: ReadOptions, onRead?: (bytes: number) => void): Promise<LogReader> {
  const chunks = file.chunks(onRead)
  const first = await chunks.next()
  const head = first.done ? [] : headLines(first.value)
  const detection = options.parser === undefined ? detectDialect(head) : undefined
  const dialect = options.parser === undefined ? detection?.dialect : findDialect(options.parser)
  if (!dialect) throw new KnocktailError('failed', notUnderstood(file, head))
  const stamps = head.flatMap((line) => stampOf(parseLine(dialect, line, FIRST_CONTEXT)) ?? [])
  const context: ParseContext = {
    ...DEFAULT_CONTEXT, spans: options.spans ?? detectSpans(stamps), stampless: stamps.every(({ kind }) => kind === 'none'),
  }
  const clock = createClock({
    mode: 'replay', zone: options.zone, year: options.year,
    last: stamps.some(isUndated) ? await lastWritten(file, dialect, options.zone) : undefined,
  })
  const report: LogReport = { lines: 0, events: 0, reasons: new Map(), unfinished: false, problem: undefined }
  const parse = lineParser(dialect, context, clock, file.path, report)
  return {
    file, report,
    facts: { dialect, detected: detection, zoneless: stamps.some(({ kind }) => kind === 'local') },
    batches: () => readBatches(first.done ? undefined : first.value, chunks, parse, report),
  }
}

function notUnderstood(file: LogFile, head: readonly string[]): string {
  const what = head.length === 0 ? 'is empty' : 'is in no format that Knocktail knows (knocktail parsers lists them)'
  return `${printable(file.path)} ${what}`
}

function headLines(chunk: Buffer): string[] {
  const lines: string[] = []
  const splitter = new LineSplitter((line) => lines.push(line))
  splitter.push(chunk.subarray(0, 1 << 16))
  // A chunk may end within a line; a log of one line may have no newline at all.
  if (lines.length === 0) splitter.end()
  return lines
}

function stampOf(outcome: Outcome): Stamp | undefined {
  return typeof outcome === 'string' ? undefined : outcome.stamp
}

function isUndated(stamp: Stamp): boolean {
  return stamp.kind === 'local' && stamp.at.year === undefined
}

/** When the last line was written, as far as its stamp and the file's own time tell. */
async function lastWritten(file: LogFile, dialect: Dialect, zone: Zone): Promise<Micros> {
  if (file.path === '-') return file.written
  let last: Stamp | undefined
  const splitter = new LineSplitter((line) => {
    const stamp = stampOf(parseLine(dialect, line, DEFAULT_CONTEXT))
    if (stamp && isUndated(stamp)) last = stamp
  })
  for await (const chunk of file.tail()) splitter.push(chunk)
  splitter.end()
  return last?.kind === 'local' ? wallClock(zone).latestBefore(last.at, file.written) : file.written
}

type LineParser = (text: string) => LogLine | undefined

function lineParser(dialect: Dialect, context: ParseContext, clock: Clock, source: string, report: LogReport): LineParser {
  return (text) => {
    const number = ++report.lines
    if (text === '') return undefined
    const outcome = parseLine(dialect, text, context)
    if (!isParsed(outcome)) return refused(number, text, outcome, clock, report)
    report.events++
    // Live, arrival is what the source says; in replay no time but the log's own counts.
    const { time, resolution } = clock(outcome.stamp, 0 as Micros)
    const event = connectionEvent(outcome.fields, time, resolution, source)
    return { number, text, event, reason: undefined, stamped: outcome.stamp.kind !== 'none' }
  }
}

function refused(number: number, text: string, outcome: Refused | Reason, clock: Clock, report: LogReport): LogLine {
  const reason = typeof outcome === 'string' ? outcome : outcome.reason
  if (typeof outcome === 'object') clock(outcome.stamp, 0 as Micros)
  report.reasons.set(reason, (report.reasons.get(reason) ?? 0) + 1)
  return { number, text, event: undefined, reason, stamped: false }
}

async function* readBatches(
  first: Buffer | undefined, rest: AsyncIterable<Buffer>, parse: LineParser, report: LogReport,
): AsyncGenerator<LogLine[]> {
  let batch: LogLine[] = []
  const splitter = new LineSplitter((text) => {
    const line = parse(text)
    if (line) batch.push(line)
  })
  const flush = (): LogLine[] => {
    const full = batch
    batch = []
    return full
  }
  if (first) splitter.push(first)
  try {
    yield flush()
    for await (const chunk of rest) {
      splitter.push(chunk)
      yield flush()
    }
    report.unfinished = splitter.end()
  } catch (error) {
    report.problem = error as Error
  }
  yield flush()
}
