import type { Address } from '../parsers/address.ts'
import { FifoMap } from './fifo-map.ts'
import { newTrail, progressOf, type Trail } from './trail.ts'

/** Notes are bounded over all addresses too: memory for many addresses with a few is not memory for as many with hundreds. */
const NOTES_PER_ADDRESS = 2
const MIN_NOTES = 200_000

/** How many notes there may be of so many addresses. */
export function mostNotes(maxAddresses: number): number {
  return Math.max(MIN_NOTES, maxAddresses * NOTES_PER_ADDRESS)
}

const NONE: readonly Trail[] = []

/**
 * The trails of all addresses that have knocked, at most `maxAddresses`. When full, the one with the least progress goes, of those the one
 * that came first: a flood of first knocks never pushes out who is further on.
 */
export class Trails {
  readonly #maxAddresses: number
  readonly #maxNotes: number
  readonly #byAddress = new Map<Address, Trail>()
  /** By progress; each in the order in which they got there. */
  readonly #ranks: FifoMap<Address, Trail>[] = [new FifoMap()]
  #notes = 0

  constructor(maxAddresses: number) {
    this.#maxAddresses = maxAddresses
    this.#maxNotes = mostNotes(maxAddresses)
  }

  get size(): number {
    return this.#byAddress.size
  }

  find(address: Address): Trail | undefined {
    return this.#byAddress.get(address)
  }

  /** There must be none of that address. */
  add(address: Address): Trail {
    const trail = newTrail(address)
    this.#byAddress.set(address, trail)
    this.#ranks[0]!.add(address, trail)
    return trail
  }

  /** To be called whenever a trail may have changed, with the number of notes it had before. */
  touch(trail: Trail, notesBefore: number): void {
    this.#notes += trail.notes.length - notesBefore
    const rank = progressOf(trail)
    if (rank === trail.rank) return
    this.#ranks[trail.rank]!.delete(trail.address)
    trail.rank = rank
    while (this.#ranks.length <= rank) this.#ranks.push(new FifoMap())
    this.#ranks[rank]!.add(trail.address, trail)
  }

  /** The trails that must go, forgotten with this call. */
  evict(): readonly Trail[] {
    if (!this.#isFull()) return NONE
    const evicted: Trail[] = []
    while (this.#isFull()) {
      const trail = this.#ranks.find(({ size }) => size > 0)!.takeOldest()!
      this.#byAddress.delete(trail.address)
      this.#notes -= trail.notes.length
      evicted.push(trail)
    }
    return evicted
  }

  #isFull(): boolean {
    return this.size > this.#maxAddresses || (this.#notes > this.#maxNotes && this.size > 1)
  }

  clear(): void {
    this.#byAddress.clear()
    for (const rank of this.#ranks) rank.clear()
    this.#notes = 0
  }

  /** Those that are amid a sequence, the furthest first. */
  * furthest(): Iterable<Trail> {
    for (const rank of this.#ranks.slice(1).toReversed()) yield* rank.values()
  }

  all(): Iterable<Trail> {
    return this.#byAddress.values()
  }
}
