import type { Micros } from '../../parsers/time.ts'
import type { Asker } from './caps.ts'

/** Who was let in a short while ago. When full the oldest go: a cool-down is a pause, and nobody's protection. */
export class CoolDowns {
  readonly #capacity: number
  readonly #until = new Map<string, Micros>()

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#until.size
  }

  begin(asker: Asker, until: Micros): void {
    const name = nameOf(asker)
    this.#until.delete(name)
    this.#until.set(name, until)
    if (this.#until.size > this.#capacity) this.#until.delete(this.#until.keys().next().value!)
  }

  /** Until when another match counts for nothing. */
  until(asker: Asker, now: Micros): Micros | undefined {
    const until = this.#until.get(nameOf(asker))
    if (until !== undefined && until <= now) this.#until.delete(nameOf(asker))
    return until !== undefined && until > now ? until : undefined
  }
}

function nameOf({ rule, user = '', address }: Asker): string {
  return `${rule} ${user} ${address}`
}
