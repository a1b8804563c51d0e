import type { Address } from '../../parsers/address.ts'
import type { Micros } from '../../parsers/time.ts'

/** A line by what the kernel stamped it with: the time that is found for it may be another one whenever it is read. */
export interface StampedLine {
  readonly source: string
  readonly uptime: Micros
}

export interface LastMatch {
  /** That of its last knock. */
  readonly time: Micros
  /** The line that completed it, if it bears a stamp of the kernel's. */
  readonly line: StampedLine | undefined
}

/** When each rule was last matched by each address, for as long as lines from before it may still come. */
export class Matches {
  readonly #last = new Map<string, LastMatch>()
  readonly #keep: Micros

  /** `keep`: how long after it a match is remembered. */
  constructor(keep: Micros) {
    this.#keep = keep
  }

  add(rule: string, address: Address, time: Micros, line?: StampedLine): void {
    const key = keyOf(rule, address)
    const last = Math.max(time, this.#last.get(key)?.time ?? time) as Micros
    // Put in anew, so that the oldest are found in front.
    this.#last.delete(key)
    this.#last.set(key, { time: last, line })
  }

  last(rule: string, address: Address): LastMatch | undefined {
    return this.#last.size === 0 ? undefined : this.#last.get(keyOf(rule, address))
  }

  forget(now: Micros): void {
    for (const [key, { time }] of this.#last) {
      if (time + this.#keep >= now) break
      this.#last.delete(key)
    }
  }

  entries(): IterableIterator<[string, LastMatch]> {
    return this.#last.entries()
  }

  restore(key: string, last: LastMatch): void {
    this.#last.set(key, last)
  }
}

function keyOf(rule: string, address: Address): string {
  return `${address} ${rule}`
}
