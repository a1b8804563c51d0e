import type { ConnectionEvent } from '../../parsers/event.ts'
import type { LogLine } from './log-lines.ts'
import type { LogReader } from './log-reader.ts'

/**
 * The events of several logs in the order of their times; of equal times the log named first comes first. They come in runs, each to be read to its
 * end, and each event is good until the next is asked for.
 */
export async function* mergeByTime(readers: readonly LogReader[]): AsyncGenerator<Iterable<ConnectionEvent>> {
  const heads = readers.map((reader) => new Head(reader.batches()))
  await Promise.all(heads.map((head) => head.fill()))
  for (;;) {
    const open = heads.filter((head) => head.next !== undefined)
    if (open.length === 0) return
    yield new Run(open)
    await Promise.all(heads.map((head) => head.fill()))
  }
}

/** What can be taken until one log has no line at hand: its next line may be the earliest. */
class Run implements IterableIterator<ConnectionEvent> {
  readonly #open: readonly Head[]
  /** Whose event was taken last: it is not to be written over as long as it may be looked at. */
  #taken: Head | undefined
  /** The same each time. */
  readonly #result: { done: false; value: ConnectionEvent } = { done: false, value: undefined! }

  constructor(open: readonly Head[]) {
    this.#open = open
  }

  next(): IteratorResult<ConnectionEvent> {
    this.#taken?.advance()
    this.#taken = undefined
    let earliest = this.#open[0]!
    for (const head of this.#open) {
      if (head.next === undefined) return { done: true, value: undefined }
      if (head.next.time < earliest.next!.time) earliest = head
    }
    this.#taken = earliest
    this.#result.value = earliest.next!
    return this.#result
  }

  [Symbol.iterator](): this {
    return this
  }
}

/** The place up to which one log has been read. */
class Head {
  next: ConnectionEvent | undefined
  readonly #batches: ReturnType<LogReader['batches']>
  #batch: Iterator<LogLine> = [].values()

  constructor(batches: ReturnType<LogReader['batches']>) {
    this.#batches = batches
  }

  /** Goes to the next event at hand; `next` is undefined if there is none. */
  advance(): void {
    this.next = undefined
    while (this.next === undefined) {
      const { done, value } = this.#batch.next()
      if (done) return
      this.next = value.event
    }
  }

  /** Reads on until an event is at hand or the log ends. */
  async fill(): Promise<void> {
    while (this.next === undefined) {
      const { done, value } = await this.#batches.next()
      if (done) return
      this.#batch = value[Symbol.iterator]()
      this.advance()
    }
  }
}
