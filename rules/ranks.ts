import { FIRST_PLACES, grown, NONE } from './columns.ts'

const newColumns = (places: number) => ({ ranks: new Uint8Array(places), before: new Int32Array(places), after: new Int32Array(places) })

/** Slots by rank, 0 to 255; those of one rank in the order in which they got there. */
export class Ranks {
  #columns = newColumns(FIRST_PLACES)
  /** By rank. */
  readonly #first: number[] = []
  readonly #last: number[] = []

  /** Of a slot that was put there. */
  of(slot: number): number {
    return this.#columns.ranks[slot]!
  }

  /** Behind all others of that rank. */
  put(slot: number, rank: number): void {
    while (slot >= this.#columns.ranks.length) this.#columns = grown(this.#columns, newColumns, 2 * this.#columns.ranks.length)
    const { ranks, before, after } = this.#columns
    const last = this.#last[rank] ?? NONE
    ranks[slot] = rank
    before[slot] = last
    after[slot] = NONE
    if (last === NONE) this.#first[rank] = slot
    else after[last] = slot
    this.#last[rank] = slot
  }

  remove(slot: number): void {
    const { ranks, before, after } = this.#columns
    const [rank, earlier, later] = [ranks[slot]!, before[slot]!, after[slot]!]
    if (earlier === NONE) this.#first[rank] = later
    else after[earlier] = later
    if (later === NONE) this.#last[rank] = earlier
    else before[later] = earlier
  }

  /** The one that has been longest at the lowest rank. */
  lowest(): number {
    return this.#first.find((slot) => slot !== undefined && slot !== NONE) ?? NONE
  }

  /** All above rank 0, the highest first. */
  * highest(): Iterable<number> {
    for (let rank = this.#first.length - 1; rank > 0; rank--) {
      for (let slot = this.#first[rank] ?? NONE; slot !== NONE; slot = this.#columns.after[slot]!) yield slot
    }
  }

  clear(): void {
    this.#first.length = 0
    this.#last.length = 0
  }
}
