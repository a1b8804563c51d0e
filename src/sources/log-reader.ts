import { parseLine } from '../../parsers/dialects.ts'
import { connectionEvent, type ConnectionEvent } from '../../parsers/event.ts'
import type { Network } from '../../parsers/network.ts'
import { DEFAULT_CONTEXT, isParsed, type Dialect, type Outcome, type ParseContext } from '../../parsers/parser.ts'
import type { Reason } from '../../parsers/reason.ts'
import type { Micros, Stamp } from '../../parsers/time.ts'
import { wallClock } from '../../parsers/wall-clock.ts'
import type { Zone } from '../../parsers/zone.ts'
import { KnocktailError } from '../error.ts'
import { withClient } from './client.ts'
import { detectDialect, detectSpans } from './detect.ts'
import { eventClock, type EventClock } from './event-clock.ts'
import { readHead } from './head.ts'
import { ByteSplitter, LineSplitter, type OnBytes } from './lines.ts'
import type { LogFile } from './log-file.ts'

/** How a log is to be read. What is undefined is found out from the log. */
export interface ReadOptions {
  readonly parser: Dialect | undefined
  readonly zone: Zone
  readonly year: number | undefined
  readonly spans: ParseContext['spans'] | undefined
  /** Whose X-Forwarded-For counts. */
  readonly proxies?: readonly Network[]
}

/** One line of a log, understood or not. */
export type LogLine = EventLine | RefusedLine

export interface EventLine {
  readonly number: number
  readonly event: ConnectionEvent
  /** Whether the line itself says when. */
  readonly stamped: boolean
}

export interface RefusedLine {
  readonly number: number
  readonly event: undefined
  readonly reason: Reason
  readonly text: string
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
  /** TCP packets whose flags the log does not show. */
  flagless: number
  /** The last line had no newline: it may have been cut. */
  unfinished: boolean
  /** Why the log could not be read to its end. */
  problem: KnocktailError | undefined
}

/** So much is looked at to find out how to read the rest. */
const HEAD_BYTES = 1 << 20
/** What a live pipe has not said until then it is not waited for. */
const PATIENCE_MS = 1000

/** Reads the beginning of the log to find out how to read it. Throws a KnocktailError if nothing can be made of it. */
export async function openLogReader(file: LogFile, options: ReadOptions, onRead?: (bytes: number) => void): Promise<LogReader> {
  const { head, isWhole, chunks } = await readHead(file.chunks(onRead), HEAD_BYTES, file.bytes === undefined ? PATIENCE_MS : undefined)
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
  const report: LogReport = { lines: 0, events: 0, reasons: new Map(), flagless: 0, unfinished: false, problem: undefined }
  const parse = lineParser({ dialect, context, clock, source: file.path, proxies: options.proxies ?? [], report })
  return {
    file, report,
    facts: { dialect, detected: detection, zoneless: stamps.some(({ kind }) => kind === 'local') },
    batches: () => readBatches(chunks, parse, report),
  }
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
  const read = (some: readonly string[]): Stamp[] => some.flatMap((line) => stampOf(parseLine(dialect, line, DEFAULT_CONTEXT)) ?? [])
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

type LineParser = (...line: Parameters<OnBytes>) => LogLine | undefined

interface LineParts {
  readonly dialect: Dialect
  readonly context: ParseContext
  readonly clock: EventClock
  readonly source: string
  readonly proxies: readonly Network[]
  readonly report: LogReport
}

function lineParser({ dialect, context, clock, source, proxies, report }: LineParts): LineParser {
  return (bytes, start, end) => {
    const number = ++report.lines
    if (start === end) return undefined
    const text = (): string => bytes.toString('latin1', start, end)
    const outcome = dialect.quick?.({ bytes, end }, start, context) ?? parseLine(dialect, text(), context)
    const reading = typeof outcome === 'string' ? undefined : clock(outcome.stamp)
    if (!isParsed(outcome) || reading === undefined) return refused(number, text(), outcome, report)
    const fields = withClient(outcome, proxies)
    if (typeof fields === 'string') return refused(number, text(), fields, report)
    report.events++
    if (fields.kind === 'packet' && fields.proto === 'tcp' && fields.flags === undefined) report.flagless++
    const event = connectionEvent(fields, reading.time, reading.resolution, source)
    return { number, event, stamped: outcome.stamp.kind !== 'none' }
  }
}

function refused(number: number, text: string, outcome: Outcome, report: LogReport): RefusedLine {
  const reason = typeof outcome === 'string' ? outcome : isParsed(outcome) ? 'bad-time' : outcome.reason
  report.reasons.set(reason, (report.reasons.get(reason) ?? 0) + 1)
  return { number, event: undefined, reason, text }
}

async function* readBatches(chunks: AsyncIterable<Buffer>, parse: LineParser, report: LogReport): AsyncGenerator<LogLine[]> {
  let batch: LogLine[] = []
  const splitter = new ByteSplitter((bytes, start, end) => {
    const line = parse(bytes, start, end)
    if (line) batch.push(line)
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
