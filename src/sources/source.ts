import type { ConnectionEvent } from '../../parsers/event.ts'
import type { Reason } from '../../parsers/reason.ts'
import type { Micros } from '../../parsers/time.ts'

/** `uptime`: the stamp of the kernel that wrote the line, which is the same whenever and by whomever it is read, as `time` is not; undefined: it bears none. */
export type LiveEvent = ConnectionEvent & { readonly uptime?: Micros | undefined }

/** Events that a live source showed, in reading order. */
export interface EventBatch {
  readonly source: string
  readonly events: readonly LiveEvent[]
  /**
   * They were written before this process began to watch, or may have been read by the process before it: they may open
   * something only if the ledger can tell that they have not done so already.
   */
  readonly backlog: boolean
}

/** What became of a source's lines since the daemon was started. */
export interface SourceStats {
  lines: number
  events: number
  /** Lines that the source's writer says or shows to be missing. */
  lost: number
  bytes: number
  readonly reasons: Map<Reason, number>
  /** Times it was started again. */
  restarts: number
  /** When the last line came that was understood, by the boot clock, and how long after it was written. */
  heard: { readonly at: Micros; readonly lag: Micros } | undefined
}

/** How far a source was read: JSON, to be given back to the same source at the next start. Undefined: it keeps none. */
export type Position = Readonly<Record<string, unknown>> | undefined

/** What a source tells while it is followed. */
export interface SourceEvents {
  /** More is read only when this has resolved. */
  readonly events: (batch: EventBatch) => Promise<void> | void
  /** It reads, for the first time or again. */
  readonly running: (source: string) => void
  /** It cannot be read now and is tried again after `retryMs`; undefined: it is not (standard input has ended). */
  readonly suspended: (source: string, why: string, retryMs: number | undefined) => void
  /** Lines were lost between the writer and us. */
  readonly lost: (source: string, lines: number, why: string) => void
  /** Something an admin should know, once: what a command wrote to stderr, a file replaced by a directory ... */
  readonly note: (source: string, text: string) => void
}

/** A source being followed until it is stopped. Never throws: what goes wrong is told, and tried again. */
export interface LiveSource {
  readonly name: string
  readonly stats: SourceStats
  readonly position: () => Position
  /** Resolves when nothing of it runs any more and all that was read was handed on. */
  readonly stop: () => Promise<void>
}
