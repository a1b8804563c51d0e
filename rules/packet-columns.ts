import type { Address } from '../parsers/address.ts'
import type { ConnectionEvent } from '../parsers/event.ts'
import { AddressColumn, type AddressKey, type AddressKeys } from './address-column.ts'
import { FIRST_PLACES, grown, NONE } from './columns.ts'
import { NoteColumns } from './note-columns.ts'
import type { Note } from './note.ts'

export type PacketEvent = ConnectionEvent & { readonly kind: 'packet' }

/** A packet that is remembered, and of whom. */
interface Kept {
  readonly address: Address
  readonly note: Note
}

/** A power of two, so that part of a hash names a bucket. */
const BUCKETS = 1 << 16

/** Memory to which nothing was written is none: that many places lie there from the start, so that nothing is copied amid a flood. */
const AT_ONCE = 1 << 18

const newColumns = (places: number) => ({ buckets: new Int32Array(places), before: new Int32Array(places) })

/**
 * Packets of addresses that have knocked at nothing yet, or once: most of what a log holds, and all of a flood of spoofed ones. They matter
 * only if their sender goes on, so they lie in columns of numbers, in the order in which they came, where one costs a tenth of
 * a note and its trail, and nothing to a garbage collector; the newest takes the place of the oldest.
 *
 * Those of one address are found by a chain from each packet to the one before it in the same bucket. A place that was given to
 * another packet since needs no mark: that packet is newer than the one which points to it, and there the chain ends.
 */
export class PacketColumns {
  readonly #limit: number
  readonly #keys: AddressKeys
  /** The place of each bucket's newest packet. */
  readonly #newest = new Int32Array(BUCKETS)
  readonly #addresses = new AddressColumn()
  readonly #notes = new NoteColumns()
  #columns = newColumns(FIRST_PLACES)
  /** The place that the next packet takes: once all are taken, that of the oldest. */
  #next = 1
  #size = 0

  /** `limit`: how many packets. */
  constructor(limit: number, keys: AddressKeys) {
    this.#limit = limit
    this.#keys = keys
    this.#grow(Math.max(FIRST_PLACES, Math.min(limit, AT_ONCE) + 1))
  }

  get size(): number {
    return this.#size
  }

  /** What the packet touched that the next one takes the place of. */
  get oldest(): { readonly key: number; readonly knocks: Note['knocks'] } | undefined {
    const place = this.#next
    return this.#addresses.isFree(place) ? undefined : { key: this.#notes.key(place), knocks: this.#notes.knocks(place) }
  }

  /** `order` must grow from packet to packet. */
  add(packet: PacketEvent, key: number, order: number, knocks: Note['knocks']): void {
    const place = this.#next
    if (place === this.#columns.before.length) this.#grow(2 * place < this.#limit ? 2 * place : this.#limit + 1)
    const { buckets, before } = this.#columns
    this.#next = place === this.#limit ? 1 : place + 1
    const address = this.#keys.of(packet.src)
    const bucket = bucketOf(address)
    before[place] = this.#head(bucket)
    this.#newest[bucket] = place
    buckets[place] = bucket
    if (this.#addresses.isFree(place)) this.#size++
    this.#addresses.put(place, address)
    this.#notes.put(place, packet, key, order, packet.dir === 'forward', knocks)
  }

  /** The packets of that address that are still there, in the order in which they came. */
  of(address: Address): Note[] {
    return this.#placesOf(address).map((place) => this.#notes.note(place))
  }

  has(address: Address): boolean {
    const key = this.#keys.of(address)
    let place = this.#head(bucketOf(key))
    while (place !== NONE && !this.#addresses.is(place, key)) place = this.#older(place)
    return place !== NONE
  }

  /** Takes them out. */
  take(address: Address): Note[] {
    const places = this.#placesOf(address)
    const notes = places.map((place) => this.#notes.note(place))
    for (const place of places) this.#addresses.clear(place)
    this.#size -= places.length
    return notes
  }

  /** What is there. */
  * newestFirst(): Iterable<Kept> {
    for (let back = 1; back <= this.#limit; back++) {
      const place = this.#next > back ? this.#next - back : this.#next - back + this.#limit
      if (!this.#addresses.isFree(place)) yield { address: this.#addresses.at(place), note: this.#notes.note(place) }
    }
  }

  clear(): void {
    this.#newest.fill(NONE)
    this.#addresses.clearAll()
    this.#size = 0
  }

  #grow(places: number): void {
    this.#columns = grown(this.#columns, newColumns, places)
    this.#addresses.grow(places)
    this.#notes.grow(places)
  }

  #placesOf(address: Address): number[] {
    const key = this.#keys.of(address)
    const found: number[] = []
    for (let place = this.#head(bucketOf(key)); place !== NONE; place = this.#older(place)) {
      if (this.#addresses.is(place, key)) found.push(place)
    }
    return found.toReversed()
  }

  /** The newest packet of the bucket: if its place was given away, so were those of all before it. */
  #head(bucket: number): number {
    const place = this.#newest[bucket]!
    return place !== NONE && this.#columns.buckets[place] === bucket ? place : NONE
  }

  #older(place: number): number {
    const older = this.#columns.before[place]!
    return older !== NONE && this.#notes.order(older) < this.#notes.order(place) ? older : NONE
  }
}

function bucketOf({ hash }: AddressKey): number {
  return hash & (BUCKETS - 1)
}
