import type { ConnectionEvent } from '../../parsers/event.ts'
import type { LogLine } from './log-lines.ts'
import type { LogReader } from './log-reader.ts'

/** The events of several logs in the order of their times; of equal times the log named first comes first. */
export async function* mergeByTime(readers: readonly LogReader[]): AsyncGenerator<ConnectionEvent[]> {
  const heads = readers.map((reader) => new Head(reader.batches()))
  await Promise.all(heads.map((head) => head.fill()))
  for (;;) {
    const open = heads.filter((head) => head.next !== undefined)
    if (open.length === 0) return
    yield takeRun(open)
    await Promise.all(heads.map((head) => head.fill()))
  }
}

/** What can be taken until one log has no line at hand: its next line may be the earliest. */
function takeRun(open: readonly Head[]): ConnectionEvent[] {
  const run: ConnectionEvent[] = []
  for (;;) {
    let earliest = open[0]!
    for (const head of open) {
      if (head.next === undefined) return run
      if (head.next.time < earliest.next!.time) earliest = head
    }
    run.push(earliest.next!)
    earliest.advance()
  }
}

/** The place up to which one log has been read. */
class Head {
  next: ConnectionEvent | undefined
  readonly #batches: AsyncGenerator<LogLine[]>
  #batch: readonly LogLine[] = []
  #at = 0

  constructor(batches: AsyncGenerator<LogLine[]>) {
    this.#batches = batches
  }

  /** Goes to the next event at hand; `next` is undefined if there is none. */
  advance(): void {
    this.next = undefined
    while (this.next === undefined && this.#at < this.#batch.length) this.next = this.#batch[this.#at++]!.event
  }

  /** Reads on until an event is at hand or the log ends. */
  async fill(): Promise<void> {
    while (this.next === undefined) {
      const { done, value } = await this.#batches.next()
      if (done) return
      this.#batch = value
      this.#at = 0
      this.advance()
    }
  }
}
