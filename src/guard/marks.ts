import { SECOND, type Micros } from '../../parsers/time.ts'

/** As long as a mark stands. A spoofer must not silence anybody for longer by a single packet. */
export const MARK_TIME = (60 * SECOND) as Micros

/** Marks that end by themselves. One that stands is neither renewed nor pushed out: when full, no more are made. */
export class Marks {
  readonly #capacity: number
  /** In the order in which they end. */
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

  /** Until when a new mark stands; undefined: there is one already, or no room. */
  mark(name: string, now: Micros): Micros | undefined {
    this.#forget(now)
    if (this.#until.has(name) || this.#until.size >= this.#capacity) return undefined
    const until = (now + MARK_TIME) as Micros
    this.#until.set(name, until)
    return until
  }

  all(now: Micros): [string, Micros][] {
    this.#forget(now)
    return [...this.#until]
  }

  #forget(now: Micros): void {
    for (const [name, until] of this.#until) {
      if (until > now) return
      this.#until.delete(name)
    }
  }
}
