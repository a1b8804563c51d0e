import type { Reading } from '../../parsers/clock.ts'
import { connectionEvent, type ConnectionEvent, type Fields } from '../../parsers/event.ts'
import type { Network } from '../../parsers/network.ts'
import { isParsed, type Outcome } from '../../parsers/parser.ts'
import type { Reason } from '../../parsers/reason.ts'
import type { KnocktailError } from '../error.ts'
import { withClient } from './client.ts'
import type { EventClock } from './event-clock.ts'

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

/** Lines in their order. Each is good until the next is asked for. */
export type Lines = Iterable<LogLine>

/** How the reading of a log went so far. */
export interface LogReport {
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

export function newReport(): LogReport {
  return { lines: 0, events: 0, reasons: new Map(), flagless: 0, unfinished: false, problem: undefined }
}

interface FinisherParts {
  readonly clock: EventClock
  readonly source: string
  readonly proxies: readonly Network[]
  readonly report: LogReport
}

/** Makes the line that has that number and shows those fields; `stamped`: see EventLine. */
export type LineMaker = (number: number, fields: Fields, reading: Reading, source: string, stamped: boolean) => EventLine

/** Each a line of its own. */
export const newLine: LineMaker = (number, fields, { time, resolution }, source, stamped) =>
  ({ number, event: connectionEvent(fields, time, resolution, source), stamped })

/** What becomes of a line that was parsed, where its text is in `bytes`. To be asked in the order of the lines. */
export type LineFinisher = (number: number, outcome: Outcome, bytes: Buffer, start: number, end: number) => LogLine

/** The part of the reading that rests on the lines before: a line's time, and the report. */
export function lineFinisher({ clock, source, proxies, report }: FinisherParts, makeLine: LineMaker): LineFinisher {
  const refused = (number: number, reason: Reason, text: string): RefusedLine => {
    report.reasons.set(reason, (report.reasons.get(reason) ?? 0) + 1)
    return { number, event: undefined, reason, text }
  }
  return (number, outcome, bytes, start, end) => {
    const reading = typeof outcome === 'string' ? undefined : clock(outcome.stamp)
    if (!isParsed(outcome) || reading === undefined) return refused(number, whyRefused(outcome), bytes.toString('latin1', start, end))
    const fields = withClient(outcome, proxies)
    if (typeof fields === 'string') return refused(number, fields, bytes.toString('latin1', start, end))
    report.events++
    if (fields.kind === 'packet' && fields.proto === 'tcp' && fields.flags === undefined) report.flagless++
    return makeLine(number, fields, reading, source, outcome.stamp.kind !== 'none')
  }
}

/** Why a line has no event: if it was understood, there is no such time. */
function whyRefused(outcome: Outcome): Reason {
  return typeof outcome === 'string' ? outcome : isParsed(outcome) ? 'bad-time' : outcome.reason
}
