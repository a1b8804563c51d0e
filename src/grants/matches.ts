import type { Address } from '../../parsers/address.ts'
import type { Micros } from '../../parsers/time.ts'

/** When each rule was last matched by each address, for as long as lines from before it may still come. */
export class Matches {
  readonly #last = new Map<string, Micros>()
  readonly #keep: Micros

  /** `keep`: how long after it a match is remembered. */
  constructor(keep: Micros) {
    this.#keep = keep
  }

  add(rule: string, address: Address, time: Micros): void {
    const key = keyOf(rule, address)
    const last = Math.max(time, this.#last.get(key) ?? time) as Micros
    // Put in anew, so that the oldest are found in front.
    this.#last.delete(key)
    this.#last.set(key, last)
  }

  last(rule: string, address: Address): Micros | undefined {
    return this.#last.size === 0 ? undefined : this.#last.get(keyOf(rule, address))
  }

  forget(now: Micros): void {
    for (const [key, time] of this.#last) {
      if (time + this.#keep >= now) break
      this.#last.delete(key)
    }
  }

  entries(): IterableIterator<[string, Micros]> {
    return this.#last.entries()
  }

  restore(key: string, time: Micros): void {
    this.#last.set(key, time)
  }
}

function keyOf(rule: string, address: Address): string {
  return `${address} ${rule}`
}
