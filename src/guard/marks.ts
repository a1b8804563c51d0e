import { SECOND, type Micros } from '../../parsers/time.ts'

/** As long as a mark stands. A spoofer must not silence anybody for longer by a single packet. */
export const MARK_TIME = (60 * SECOND) as Micros

/** Marks that end by themselves. One that stands is neither renewed nor pushed out: when full, no more are made. */
export class Marks {
  readonly #capacity: number
  /** Nearly in the order in which they end: lines may be a little out of order. */
  readonly #until = new Map<string, Micros>()

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#until.size
  }

  stands(name: string, now: Micros): boolean {
    const until = this.#until.get(name)
    return until !== undefined && until > now
  }

  /** Marks for what happened at that time. False: a mark stands already, there is no room, or it would be over by now. */
  mark(name: string, at: Micros, now: Micros): boolean {
    this.#forget(now)
    const until = (at + MARK_TIME) as Micros
    if (until <= now || this.stands(name, now)) return false
    this.#until.delete(name)
    if (this.#until.size >= this.#capacity) return false
    this.#until.set(name, until)
    return true
  }

  all(now: Micros): [string, Micros][] {
    return [...this.#until].filter(([, until]) => until > now)
  }

  #forget(now: Micros): void {
    for (const [name, until] of this.#until) {
      if (until > now) return
      this.#until.delete(name)
    }
  }
}
