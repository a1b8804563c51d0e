import type { Micros } from '../../parsers/time.ts'

interface Entry<T> {
  readonly until: Micros
  readonly order: number
  readonly item: T
}

/** Things that end at a time, the earliest first; of equal times the one put in first. A binary heap: there may be many. */
export class ExpiryQueue<T> {
  readonly #heap: Entry<T>[] = []
  #order = 0

  add(item: T, until: Micros): void {
    const entry = { until, order: this.#order++, item }
    let place = this.#heap.push(entry) - 1
    while (place > 0 && isBefore(entry, this.#heap[parentOf(place)]!)) place = this.#swap(place, parentOf(place))
  }

  /** When the first ends, also of those that are of no interest any more. */
  get next(): Micros | undefined {
    return this.#heap[0]?.until
  }

  /** Takes out the first that has ended by then. */
  take(now: Micros): T | undefined {
    const first = this.#heap[0]
    if (first === undefined || first.until > now) return undefined
    const last = this.#heap.pop()!
    if (last !== first) {
      this.#heap[0] = last
      for (let place: number | undefined = 0; place !== undefined;) place = this.#sink(place)
    }
    return first.item
  }

  /** Puts the earlier of both children above; answers where the entry went, undefined if it stays. */
  #sink(place: number): number | undefined {
    const left = 2 * place + 1
    const [one, other] = [this.#heap[left], this.#heap[left + 1]]
    if (one === undefined) return undefined
    const child = other !== undefined && isBefore(other, one) ? left + 1 : left
    return isBefore(this.#heap[child]!, this.#heap[place]!) ? this.#swap(place, child) : undefined
  }

  #swap(place: number, other: number): number {
    const entry = this.#heap[place]!
    this.#heap[place] = this.#heap[other]!
    this.#heap[other] = entry
    return other
  }
}

function parentOf(place: number): number {
  return (place - 1) >> 1
}

function isBefore<T>(one: Entry<T>, other: Entry<T>): boolean {
  return one.until < other.until || (one.until === other.until && one.order < other.order)
}
