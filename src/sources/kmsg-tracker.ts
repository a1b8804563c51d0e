import type { Micros } from '../../parsers/time.ts'
import type { DriverHost } from './driver.ts'
import { readRecordHead, type RecordHead } from './kmsg-records.ts'
import { isCount, isRecord, RESUME_SPAN } from './position.ts'
import type { Position } from './source.ts'

/** What a position of this boot says; one of another boot says nothing. */
export interface KmsgPosition {
  readonly seq: number
  readonly delta: Micros
}

export function readKmsgPosition(position: Position, bootId: string): KmsgPosition | undefined {
  if (!isRecord(position) || position['boot'] !== bootId || !isCount(position['seq'])) return undefined
  const { seq, delta } = position
  return { seq, delta: (typeof delta === 'number' && Number.isSafeInteger(delta) ? delta : 0) as Micros }
}

/** Knows which records are new, which are read again, and which are missing. */
export class RecordTracker {
  /** The newest that was taken in. */
  handedOn: number | undefined
  readonly #newest: number
  readonly #saved: KmsgPosition | undefined
  readonly #resumeStamp: number
  readonly #drainedAt: Micros
  #expected: number
  #seen = -1
  #againTo = -1
  #lost = 0
  #firstLive: Micros | undefined
  #again: string[] = []
  #backlog: string[] = []
  #live: string[] = []

  /** `newest`: the last record that was there when it began; what came later was written after `drainedAt` of CLOCK_MONOTONIC. */
  constructor(saved: KmsgPosition | undefined, newest: number, drainedAt: Micros) {
    this.#newest = newest
    // A ring that ends before the saved place is not the one that was read.
    this.#saved = saved && saved.seq <= newest ? saved : undefined
    this.#drainedAt = drainedAt
    this.#resumeStamp = this.#drainedAt - RESUME_SPAN - (this.#saved?.delta ?? 0)
    this.#expected = (this.#saved?.seq ?? newest) + 1
    this.handedOn = this.#expected - 1
  }

  /** Whether all that was there when it began has been read. */
  get hasCaughtUp(): boolean {
    return this.#seen >= this.#newest
  }

  take(line: string): void {
    const head = readRecordHead(line)
    if (head === undefined) return
    this.#seen = Math.max(this.#seen, head.seq)
    if (head.seq < this.#expected) return this.#takeAgain(line, head)
    this.#lost += head.seq - this.#expected
    this.#expected = head.seq + 1
    if (head.seq <= this.#newest) this.#backlog.push(line)
    else this.#takeLive(line, head.stamp)
  }

  async handOn(host: DriverHost, bytes: number): Promise<void> {
    if (this.#lost > 0) host.lost(this.#lost, 'the ring of the kernel log overran')
    this.#lost = 0
    // It was not there when the ring was read to its end.
    if (this.#firstLive !== undefined && this.#live.length > 0) host.writtenAfter(this.#drainedAt, this.#firstLive)
    const newest = this.#expected - 1
    for (const [lines, backlog, counted] of [[this.#again, true, false], [this.#backlog, true, true], [this.#live, false, true]] as const) {
      if (lines.length > 0) await host.lines({ lines: lines.splice(0), backlog, counted, bytes: counted ? bytes : 0 })
    }
    this.handedOn = newest
  }

  /** One that the process before us counted; or one that was taken in already, since the ring is read through two descriptors. */
  #takeAgain(line: string, { seq, stamp }: RecordHead): void {
    if (this.#saved === undefined || seq > this.#saved.seq || seq <= this.#againTo || stamp < this.#resumeStamp) return
    this.#againTo = seq
    this.#again.push(line)
  }

  #takeLive(line: string, stamp: number): void {
    this.#firstLive ??= stamp as Micros
    this.#live.push(line)
  }
}
