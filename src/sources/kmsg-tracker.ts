import type { Micros } from '../../parsers/time.ts'
import type { DriverHost } from './driver.ts'
import { readRecordHead } from './kmsg-records.ts'
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
  readonly #saved: KmsgPosition | undefined
  readonly #drainedAt: Micros
  /** From where the process before us may have read what is not over yet. */
  readonly #resumeStamp: number
  #newest = -1
  #lost = 0
  #firstLive: Micros | undefined
  #again: string[] = []
  #backlog: string[] = []
  #live: string[] = []

  /** What is not found then was written after `drainedAt` of CLOCK_MONOTONIC. */
  constructor(saved: KmsgPosition | undefined, drainedAt: Micros) {
    this.#saved = saved
    this.#drainedAt = drainedAt
    this.#resumeStamp = drainedAt - RESUME_SPAN - (saved?.delta ?? 0)
    this.handedOn = saved?.seq
  }

  /** The last one that was read. */
  get newest(): number {
    return this.#newest
  }

  /** One that was there when it began, the oldest first. */
  find(line: string): void {
    const head = readRecordHead(line)
    if (head === undefined) return
    const { seq, stamp } = head
    if (this.#saved && seq > this.#saved.seq) this.#takeNew(seq, Math.max(this.#saved.seq, this.#newest), line, this.#backlog)
    else if (this.#saved && stamp >= this.#resumeStamp) this.#again.push(line)
    this.#newest = seq
  }

  /** All that was there has been found. */
  begin(): void {
    // A ring that ends before the saved place is not the one that was read: all of it is history.
    if (this.#saved && this.#saved.seq > this.#newest) this.#again = []
    if (this.#saved === undefined || this.#saved.seq > this.#newest) this.handedOn = this.#newest
  }

  /** One that was written since; it may be read twice, since the ring is read through two descriptors. */
  take(line: string): void {
    const head = readRecordHead(line)
    if (head === undefined || head.seq <= this.#newest) return
    this.#firstLive ??= head.stamp as Micros
    this.#takeNew(head.seq, this.#newest, line, this.#live)
    this.#newest = head.seq
  }

  async handOn(host: DriverHost, bytes: number): Promise<void> {
    if (this.#lost > 0) host.lost(this.#lost, 'the ring of the kernel log overran')
    this.#lost = 0
    // It was not there when the ring was read to its end.
    if (this.#firstLive !== undefined && this.#live.length > 0) host.writtenAfter(this.#drainedAt, this.#firstLive)
    const newest = this.#newest
    for (const [lines, backlog, counted] of [[this.#again, true, false], [this.#backlog, true, true], [this.#live, false, true]] as const) {
      if (lines.length > 0) await host.lines({ lines: lines.splice(0), backlog, counted, bytes: counted ? bytes : 0 })
    }
    this.handedOn = newest
  }

  #takeNew(seq: number, before: number, line: string, lines: string[]): void {
    this.#lost += seq - before - 1
    lines.push(line)
  }
}
