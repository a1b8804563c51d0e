import type { Micros } from '../../parsers/time.ts'
import { FifoMap } from './fifo-map.ts'
import type { Asker } from './caps.ts'

/** Who was let in a short while ago. When full the oldest go: a cool-down is a pause, and nobody's protection. */
export class CoolDowns {
  readonly #capacity: number
  readonly #until = new FifoMap<string, Micros>()

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#until.size
  }

  begin(asker: Asker, until: Micros): void {
    const name = nameOf(asker)
    this.#until.delete(name)
    this.#until.add(name, until)
    if (this.#until.size > this.#capacity) this.#until.takeOldest()
  }

  /** Until when another match counts for nothing. */
  until(asker: Asker, now: Micros): Micros | undefined {
    const name = nameOf(asker)
    const until = this.#until.get(name)
    if (until === undefined || until > now) return until
    this.#until.delete(name)
    return undefined
  }
}

function nameOf({ rule, user = '', address }: Asker): string {
  return `${rule} ${user} ${address}`
}
