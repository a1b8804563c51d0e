import type { Line } from './bytes.ts'
import type { EnvelopeName } from './envelopes/index.ts'
import type { Fields } from './event.ts'
import type { Reason } from './reason.ts'
import type { Stamp } from './time.ts'

/** What a parser may know beside the line. */
export interface ParseContext {
  /** What the admin's LOG rule prints before the packet; undefined: any text. */
  readonly prefix: string | undefined
  /** How to read a tcpdump stamp that only says a span: OpenBSD's -tttt and upstream's -ttt are since-previous. */
  readonly spans: 'since-first' | 'since-previous'
}

export const DEFAULT_CONTEXT: ParseContext = { prefix: undefined, spans: 'since-first' }

/** A line understood. */
export interface Parsed {
  readonly stamp: Stamp
  readonly fields: Fields
  /**
   * X-Forwarded-For as the log prints it: who sends a request may write anything into it, and each proxy adds whom it had the request
   * from at the end. Undefined: this log does not print it.
   */
  readonly forwardedFor?: string | undefined
}

/** A line that gave no event, but whose span counts for the times of the lines after it. */
export interface Refused {
  readonly stamp: Stamp
  readonly reason: Reason
}

export type Outcome = Parsed | Refused | Reason

export function isParsed(outcome: Outcome): outcome is Parsed {
  return typeof outcome === 'object' && 'fields' in outcome
}

/** One log dialect. Parsing is a pure function of the text and the context. */
export interface Dialect {
  readonly name: string
  /** One line for `knocktail parsers` and the README. */
  readonly title: string
  /** The envelopes it may wear, in the order in which they are tried. */
  readonly envelopes: readonly EnvelopeName[]
  /** The programs whose messages these are, as syslog tags; undefined: the envelope's tag does not matter. */
  readonly tags: readonly string[] | undefined
  /** Only what the envelope does not show to be from user space. */
  readonly kernelOnly: boolean
  /** Reads the message that begins at `at`; `stamp` is the envelope's, `none` if there was none. */
  readonly message: (text: string, at: number, stamp: Stamp, context: ParseContext) => Outcome
  /**
   * For speed alone: reads the commonest lines, envelope and all, from their bytes, the first of which is at `at`. What it does not know is
   * undefined, and read from text. It never says anything else than that would (test/quick.test.ts).
   */
  readonly quick?: ((line: Line, at: number, context: ParseContext) => Parsed | undefined) | undefined
}
