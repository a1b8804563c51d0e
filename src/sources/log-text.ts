import type { Dialect, ParseContext } from '../../parsers/parser.ts'
import type { LineFinisher, LineMaker, Lines, LogReport } from './log-lines.ts'

/** So much of a log is looked at to find out how to read the rest. */
export const HEAD_BYTES = 1 << 20

/** A log of which the beginning was read. */
export interface LogText {
  readonly head: Buffer
  /** Whether that is all there is. */
  readonly isWhole: boolean
  /** Reads it from its start, once. What ends it before its end is in the report. */
  readonly batches: (how: HowToRead) => AsyncGenerator<Lines>
}

export interface HowToRead {
  readonly dialect: Dialect
  readonly context: ParseContext
  readonly finisher: (makeLine: LineMaker) => LineFinisher
  readonly report: LogReport
}
