import type { Micros } from '../../parsers/time.ts'
import type { Position } from './source.ts'

/** Lines as a driver hands them on, each without its end. */
export interface LineBatch {
  readonly lines: readonly string[]
  /** See `EventBatch`. */
  readonly backlog: boolean
  /** False: the process before this one counted them, and they are only read again. */
  readonly counted: boolean
  /** Read from the source for these lines. */
  readonly bytes: number
}

/** Whom a driver reads for. */
export interface DriverHost {
  /** Aborted when the source is to be stopped. */
  readonly signal: AbortSignal
  /** It can be read. */
  readonly running: () => void
  /** Resolves when the lines were taken in; no more is to be read before. */
  readonly lines: (batch: LineBatch) => Promise<void>
  /** How many knocks there were so far, in whatever source: where there was one the next may be soon. */
  readonly knockCount: () => number
  readonly lost: (lines: number, why: string) => void
  readonly note: (text: string) => void
  /** A record of the kernel's with that stamp, and all after it, were written after that time of CLOCK_MONOTONIC. */
  readonly writtenAfter: (time: Micros, stamp: Micros) => void
}

/** Why a driver has ended. */
export interface Ending {
  readonly why: string
  /** It would end the same way again: standard input has no second time. */
  readonly isFinal: boolean
}

/** What reads one kind of source. It keeps its place from one run to the next. */
export interface Driver {
  /** Reads until the signal is aborted or there is nothing to read from. What it throws is as good as an ending. */
  readonly run: (host: DriverHost) => Promise<Ending>
  /** How far what was read was also handed on. */
  readonly position: () => Position
}
