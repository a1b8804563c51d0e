import type { Address } from '../parsers/address.ts'
import { newTrail, progressOf, type Trail } from './trail.ts'

/** Notes are bounded over all addresses too: memory for many addresses with a few is not memory for as many with hundreds. */
const NOTES_PER_ADDRESS = 2
const MIN_NOTES = 200_000

/**
 * The trails of all addresses, at most `maxAddresses`. When full, the one with the least progress goes, of those the one
 * that came first: a flood of first knocks never pushes out who is further on.
 */
export class Trails {
  readonly #maxAddresses: number
  readonly #maxNotes: number
  readonly #byAddress = new Map<Address, Trail>()
  /** By progress; each in the order in which they got there. */
  readonly #ranks: Set<Trail>[] = [new Set()]
  #notes = 0

  constructor(maxAddresses: number) {
    this.#maxAddresses = maxAddresses
    this.#maxNotes = Math.max(MIN_NOTES, maxAddresses * NOTES_PER_ADDRESS)
  }

  get size(): number {
    return this.#byAddress.size
  }

  findOrAdd(address: Address): Trail {
    const known = this.#byAddress.get(address)
    if (known) return known
    const trail = newTrail(address)
    this.#byAddress.set(address, trail)
    this.#ranks[0]!.add(trail)
    return trail
  }

  /** To be called whenever a trail may have changed, with the number of notes it had before. */
  touch(trail: Trail, notesBefore: number): void {
    this.#notes += trail.notes.length - notesBefore
    const rank = progressOf(trail)
    if (rank === trail.rank) return
    this.#ranks[trail.rank]!.delete(trail)
    trail.rank = rank
    while (this.#ranks.length <= rank) this.#ranks.push(new Set())
    this.#ranks[rank]!.add(trail)
  }

  /** The trails that must go, forgotten with this call. */
  evict(): Trail[] {
    const evicted: Trail[] = []
    while (this.size > this.#maxAddresses || (this.#notes > this.#maxNotes && this.size > 1)) {
      const trail = this.#ranks.find(({ size }) => size > 0)!.values().next().value!
      this.#ranks[trail.rank]!.delete(trail)
      this.#byAddress.delete(trail.address)
      this.#notes -= trail.notes.length
      evicted.push(trail)
    }
    return evicted
  }

  clear(): void {
    this.#byAddress.clear()
    for (const rank of this.#ranks) rank.clear()
    this.#notes = 0
  }

  /** Those that are amid a sequence, the furthest first. */
  * furthest(): Iterable<Trail> {
    for (const rank of this.#ranks.slice(1).toReversed()) yield* rank
  }

  all(): Iterable<Trail> {
    return this.#byAddress.values()
  }
}
