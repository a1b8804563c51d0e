import { lineOf } from '../../parsers/bytes.ts'
import { findDialect, parseBytes, parseLine } from '../../parsers/dialects.ts'
import type { Network } from '../../parsers/network.ts'
import { DEFAULT_CONTEXT, type Dialect, type Outcome, type ParseContext } from '../../parsers/parser.ts'
import type { Micros, Stamp } from '../../parsers/time.ts'
import { wallClock } from '../../parsers/wall-clock.ts'
import type { Zone } from '../../parsers/zone.ts'
import { KnocktailError } from '../error.ts'
import { detectDialect, detectSpans } from './detect.ts'
import { eventClock } from './event-clock.ts'
import { LineSplitter } from './lines.ts'
import type { LogFile } from './log-file.ts'
import { lineFinisher, newReport, type LineMaker, type Lines, type LogReport } from './log-lines.ts'
import type { LogText } from './log-text.ts'
import { openSegments } from './segments/open.ts'
import type { Threads } from './segments/threads.ts'
import { openStream } from './stream.ts'

/** How a log is to be read. What is undefined is found out from the log. */
export interface ReadOptions {
  readonly parser: Dialect | undefined
  readonly zone: Zone
  readonly year: number | undefined
  readonly spans: ParseContext['spans'] | undefined
  /** Whose X-Forwarded-For counts. */
  readonly proxies?: readonly Network[]
  /** They read a big file. */
  readonly threads?: Threads
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
  /** Lines in their order, in batches, each to be read to its end. What ends the log before its end is in the report. */
  readonly batches: () => AsyncGenerator<Lines>
}

/** Reads the beginning of the log to find out how to read it. Throws a KnocktailError if nothing can be made of it. */
export async function openLogReader(file: LogFile, options: ReadOptions, onRead?: (bytes: number) => void): Promise<LogReader> {
  const text = await openText(file, options, onRead)
  const { head, isWhole } = text
  if (head.length === 0) throw new KnocktailError('empty', `${file.title} is empty`)
  const lines = headLines(head, isWhole)
  const detection = options.parser === undefined ? detectDialect(lines) : undefined
  const dialect = options.parser ?? detection?.dialect
  if (!dialect) throw new KnocktailError('failed', `${file.title} is in no format that Knocktail knows: knocktail parsers lists them, --parser names one`)
  const stamps = firstStamps(lines, dialect)
  const context: ParseContext = { ...DEFAULT_CONTEXT, spans: options.spans ?? detectSpans(stamps) }
  const isDated = stamps.length > 0 && !stamps.some(isUndated)
  const last = isDated ? file.written : await lastWritten(file, dialect, options.zone)
  const clock = eventClock({ mode: 'replay', zone: options.zone, year: options.year, last })
  const report = newReport()
  const parts = { clock, source: file.path, proxies: options.proxies ?? [], report }
  return {
    file, report,
    facts: { dialect, detected: detection, zoneless: stamps.some(({ kind }) => kind === 'local') },
    batches: () => text.batches({ dialect, context, finisher: (makeLine: LineMaker) => lineFinisher(parts, makeLine), report }),
  }
}

async function openText(file: LogFile, { parser, threads }: ReadOptions, onRead?: (bytes: number) => void): Promise<LogText> {
  const { parts } = file
  // A parser of somebody else's may remember what it has read: it gets all lines in their order.
  const isOurs = parser === undefined || findDialect(parser.name) === parser
  if (threads && threads.count > 0 && parts && parts.bytes >= threads.fromBytes && isOurs) return openSegments(parts, threads, onRead)
  return openStream(file, onRead)
}

function headLines(head: Buffer, isWhole: boolean): string[] {
  const lines: string[] = []
  const splitter = new LineSplitter((line) => lines.push(line))
  splitter.push(head)
  // The head may end within a line; a log may have no newline at its end, or none at all.
  if (isWhole || lines.length === 0) splitter.end()
  return lines
}

/** A log tells by then how it writes its stamps, unless there is none before. */
const STAMPS_FROM = 1000

function firstStamps(lines: readonly string[], dialect: Dialect): Stamp[] {
  const read = (some: readonly string[]): Stamp[] => some.flatMap((line) => stampOf(parseBytes(dialect, lineOf(line), 0, DEFAULT_CONTEXT)) ?? [])
  const first = read(lines.slice(0, STAMPS_FROM))
  return first.length > 0 ? first : read(lines.slice(STAMPS_FROM))
}

function stampOf(outcome: Outcome): Stamp | undefined {
  return typeof outcome === 'string' ? undefined : outcome.stamp
}

function isUndated(stamp: Stamp): boolean {
  return stamp.kind === 'local' && stamp.at.year === undefined
}

/** When the last line was written, as far as its stamp and the file's own time tell. */
async function lastWritten(file: LogFile, dialect: Dialect, zone: Zone): Promise<Micros> {
  let last: Stamp | undefined
  const splitter = new LineSplitter((line) => {
    const stamp = stampOf(parseLine(dialect, line, DEFAULT_CONTEXT))
    if (stamp && isUndated(stamp)) last = stamp
  })
  for await (const chunk of file.tail()) splitter.push(chunk)
  splitter.end()
  return last?.kind === 'local' ? wallClock(zone).latestBefore(last.at, file.written) : file.written
}

