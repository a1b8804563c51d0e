import type { Address } from '../parsers/address.ts'
import type { AddressKeys } from './address-column.ts'
import { AddressSlots } from './address-slots.ts'
import { attemptsOf, NO_ATTEMPTS } from './attempts.ts'
import type { Attempt } from './choice.ts'
import { NONE } from './columns.ts'
import { Ranks } from './ranks.ts'
import { Sleepers } from './sleepers.ts'
import { newTrail, progressOf, type Trail } from './trail.ts'

/** Notes are bounded over all addresses too: memory for many addresses with a few is not memory for as many with hundreds. */
const NOTES_PER_ADDRESS = 2
const MIN_NOTES = 200_000

/** How many notes there may be of so many addresses. */
export function mostNotes(maxAddresses: number): number {
  return Math.max(MIN_NOTES, maxAddresses * NOTES_PER_ADDRESS)
}

/** Few addresses never sleep, and beside many the memory for so many that are awake does not matter. */
const MOST_AWAKE = 4096
/** A trail with more notes never sleeps: to read it at each event of a scanner would take longer than all else. */
const SHORT = 16

/**
 * The trails of all addresses that have gone on after their first knock, at most `maxAddresses`. When full, the one with the least progress
 * goes, of those the one that came first: a flood of first knocks never pushes out who is further on.
 */
export class Trails {
  readonly #maxAddresses: number
  readonly #maxNotes: number
  readonly #mostAwake: number
  readonly #slots: AddressSlots
  /** By progress. */
  readonly #ranks = new Ranks()
  /** Each trail is in one of these three, by its slot: a short one with which something was done of late, a long one, or one that sleeps. */
  readonly #awake = new Map<number, Trail>()
  readonly #long = new Map<number, Trail>()
  readonly #sleepers = new Sleepers()
  #notes = 0

  constructor(maxAddresses: number, keys: AddressKeys, mostAwake = MOST_AWAKE) {
    this.#maxAddresses = maxAddresses
    this.#maxNotes = mostNotes(maxAddresses)
    this.#mostAwake = mostAwake
    this.#slots = new AddressSlots(keys)
  }

  get size(): number {
    return this.#slots.size
  }

  has(address: Address): boolean {
    return this.#slots.find(address) !== NONE
  }

  find(address: Address): Trail | undefined {
    const slot = this.#slots.find(address)
    return slot === NONE ? undefined : (this.#awakeAt(slot) ?? this.#wake(slot, address))
  }

  /** There must be none of that address. */
  add(address: Address): Trail {
    const trail = newTrail(address, this.#slots.add(address))
    this.#awake.set(trail.slot, trail)
    this.#ranks.put(trail.slot, 0)
    return trail
  }

  /** To be called whenever a trail may have changed, with the number of notes it had before. All others may fall asleep. */
  touch(trail: Trail, notesBefore: number): void {
    this.#notes += trail.notes.length - notesBefore
    if (isLong(trail.notes.length) !== isLong(notesBefore)) this.#moveByLength(trail)
    const rank = progressOf(trail)
    if (rank !== this.#ranks.of(trail.slot)) {
      this.#ranks.remove(trail.slot)
      this.#ranks.put(trail.slot, rank)
    }
    if (this.#awake.size > this.#mostAwake) this.#sleepBut(trail)
  }

  /** The attempts of the trails that must go, forgotten with this call. */
  evict(): readonly Attempt[] {
    if (!this.#isFull()) return NO_ATTEMPTS
    const lost: Attempt[] = []
    while (this.#isFull()) {
      const slot = this.#ranks.lowest()
      const trail = this.#awakeAt(slot)
      lost.push(...(trail ? attemptsOf(trail) : this.#sleepers.attempts(slot)))
      this.#forget(slot, trail)
    }
    return lost
  }

  clear(): void {
    this.#slots.clear()
    this.#ranks.clear()
    this.#awake.clear()
    this.#long.clear()
    this.#sleepers.clear()
    this.#notes = 0
  }

  /** For a look at those that are amid a sequence, the furthest first. */
  * furthest(): Iterable<Trail> {
    for (const slot of this.#ranks.highest()) yield this.#awakeAt(slot) ?? this.#sleepers.read(slot, this.#slots.at(slot))
  }

  /** Their attempts may be changed. */
  * all(): Iterable<Trail> {
    for (const slot of this.#slots.all()) {
      const awake = this.#awakeAt(slot)
      const trail = awake ?? this.#sleepers.read(slot, this.#slots.at(slot))
      yield trail
      if (awake) continue
      this.#sleepers.remove(slot)
      this.#sleepers.put(trail)
    }
  }

  #isFull(): boolean {
    return this.size > this.#maxAddresses || (this.#notes > this.#maxNotes && this.size > 1)
  }

  #awakeAt(slot: number): Trail | undefined {
    return this.#awake.get(slot) ?? this.#long.get(slot)
  }

  /** It has become long, or short again. */
  #moveByLength(trail: Trail): void {
    const [from, to] = isLong(trail.notes.length) ? [this.#awake, this.#long] : [this.#long, this.#awake]
    from.delete(trail.slot)
    to.set(trail.slot, trail)
  }

  #wake(slot: number, address: Address): Trail {
    const trail = this.#sleepers.read(slot, address)
    this.#sleepers.remove(slot)
    this.#awake.set(slot, trail)
    return trail
  }

  #sleepBut(one: Trail): void {
    for (const trail of this.#awake.values()) if (trail !== one) this.#sleepers.put(trail)
    this.#awake.clear()
    if (!isLong(one.notes.length)) this.#awake.set(one.slot, one)
  }

  #forget(slot: number, trail: Trail | undefined): void {
    this.#notes -= trail?.notes.length ?? this.#sleepers.remove(slot)
    this.#awake.delete(slot)
    this.#long.delete(slot)
    this.#ranks.remove(slot)
    this.#slots.remove(slot)
  }
}

function isLong(notes: number): boolean {
  return notes > SHORT
}
