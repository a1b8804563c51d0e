import type { Address } from '../parsers/address.ts'
import { AddressColumn, type AddressKeys } from './address-column.ts'
import { FIRST_PLACES, grown, NONE, Places } from './columns.ts'

const newColumns = (places: number) => ({ hashes: new Int32Array(places), next: new Int32Array(places), newest: new Int32Array(places) })

/** A number for each address that is remembered, its slot: what is known of it is found by that. */
export class AddressSlots {
  readonly #keys: AddressKeys
  readonly #addresses = new AddressColumn()
  readonly #slots = new Places()
  /** The slots of a bucket are chained by `next`, from its `newest`. There are as many buckets as places, a power of two. */
  #columns = newColumns(FIRST_PLACES)
  #size = 0

  constructor(keys: AddressKeys) {
    this.#keys = keys
  }

  get size(): number {
    return this.#size
  }

  /** NONE: it has none. */
  find(address: Address): number {
    const key = this.#keys.of(address)
    const { newest, next } = this.#columns
    let slot = newest[key.hash & (newest.length - 1)]!
    while (slot !== NONE && !this.#addresses.is(slot, key)) slot = next[slot]!
    return slot
  }

  /** It must have none. */
  add(address: Address): number {
    const slot = this.#slots.take()
    if (slot === this.#columns.next.length) this.#grow()
    const key = this.#keys.of(address)
    this.#addresses.put(slot, key)
    this.#columns.hashes[slot] = key.hash
    this.#chain(slot)
    this.#size++
    return slot
  }

  remove(slot: number): void {
    const { hashes, next, newest } = this.#columns
    const bucket = hashes[slot]! & (newest.length - 1)
    if (newest[bucket] === slot) newest[bucket] = next[slot]!
    else {
      let before = newest[bucket]!
      while (next[before] !== slot) before = next[before]!
      next[before] = next[slot]!
    }
    this.#addresses.clear(slot)
    this.#slots.giveBack(slot)
    this.#size--
  }

  at(slot: number): Address {
    return this.#addresses.at(slot)
  }

  * all(): Iterable<number> {
    for (let slot = 1; slot < this.#columns.next.length; slot++) if (!this.#addresses.isFree(slot)) yield slot
  }

  clear(): void {
    this.#addresses.clearAll()
    this.#slots.clear()
    this.#columns.newest.fill(NONE)
    this.#size = 0
  }

  #chain(slot: number): void {
    const { hashes, next, newest } = this.#columns
    const bucket = hashes[slot]! & (newest.length - 1)
    next[slot] = newest[bucket]!
    newest[bucket] = slot
  }

  #grow(): void {
    const places = 2 * this.#columns.next.length
    this.#columns = grown(this.#columns, newColumns, places)
    this.#addresses.grow(places)
    this.#columns.newest.fill(NONE)
    for (const slot of this.all()) this.#chain(slot)
  }
}
