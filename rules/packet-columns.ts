import { addressNumber, addressOf, type Address } from '../parsers/address.ts'
import type { ConnectionEvent, Packet } from '../parsers/event.ts'
import type { Micros } from '../parsers/time.ts'
import { grown, newColumns } from './columns.ts'
import { newNote, NO_STEP, type Note, type Touched } from './note.ts'

export type PacketEvent = ConnectionEvent & { readonly kind: 'packet' }

/** A packet that is remembered, and of whom. */
interface Kept {
  readonly address: Address
  readonly note: Note
}

/** A power of two, so that part of a hash names a place. */
const BUCKETS = 1 << 16
/** Places are counted from 1, so that columns are good as they come. */
const NONE = 0
/** Most daemons never need more. */
const FIRST_PLACES = 1024

/** In the column of addresses: nobody; an IPv4 address is its number plus one, and another address stands apart. */
const NOBODY = 0
const APART = -1

const FORWARDED = 1
const HAS_SPORT = 2
const HAS_SEQ = 4
const HAS_IP_ID = 8

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
  readonly #seed: number
  readonly #newest = new Int32Array(BUCKETS)
  /** Those that are no IPv4 addresses, by their places. */
  readonly #apart = new Map<number, Address>()
  readonly #touched: Touched[] = []
  readonly #sources: string[] = []
  #columns = newColumns(FIRST_PLACES)
  /** What the packet before touched: those of a flood all touch the same. */
  #sameTouched: Touched = NO_STEP
  #next = 1
  #size = 0

  /** `limit`: how many packets. `seed`: decides nothing, but nobody who does not know it can choose addresses that share a bucket. */
  constructor(limit: number, seed: number) {
    this.#limit = limit
    this.#seed = seed
  }

  get size(): number {
    return this.#size
  }

  /** What the packet touched that the next one takes the place of. */
  get oldest(): { readonly key: number; readonly touched: Touched } | undefined {
    const { addresses, keys } = this.#columns
    const place = this.#next
    return (addresses[place] ?? NOBODY) === NOBODY ? undefined : { key: keys[place]!, touched: this.#touched[place]! }
  }

  /** `order` must grow from packet to packet. */
  add(packet: PacketEvent, key: number, order: number, touched: Touched): void {
    const place = this.#next
    if (place === this.#columns.times.length) this.#columns = grown(this.#columns, Math.min(2 * place, this.#limit + 1))
    const { addresses, buckets, before, times, orders, resolutions, keys, seqs, sports, ipIds, shown } = this.#columns
    this.#next = place === this.#limit ? 1 : place + 1
    const bucket = this.#bucket(packet.src)
    before[place] = this.#head(bucket)
    this.#newest[bucket] = place
    buckets[place] = bucket
    if (addresses[place] === NOBODY) this.#size++
    this.#put(place, packet.src)
    this.#touched[place] = this.#shared(touched)
    this.#sources[place] = packet.source
    times[place] = packet.time
    orders[place] = order
    resolutions[place] = packet.resolution
    keys[place] = key
    seqs[place] = packet.seq ?? 0
    sports[place] = packet.sport ?? 0
    ipIds[place] = packet.ipId ?? 0
    shown[place] = shownBy(packet)
  }

  /** The packets of that address that are still there, in the order in which they came. */
  of(address: Address): Note[] {
    return this.#placesOf(address).map((place) => this.#note(place))
  }

  has(address: Address): boolean {
    let place = this.#head(this.#bucket(address))
    // Mostly there is none, and then nobody needs to know how it is written down.
    const form = place === NONE ? NOBODY : formOf(address)
    while (place !== NONE && !this.#is(place, form, address)) place = this.#older(place)
    return place !== NONE
  }

  /** Takes them out. */
  take(address: Address): Note[] {
    const places = this.#placesOf(address)
    const notes = places.map((place) => this.#note(place))
    for (const place of places) this.#clear(place)
    this.#size -= places.length
    return notes
  }

  /** What is there, the newest first. */
  * newest(): Iterable<Kept> {
    for (let back = 1; back <= this.#limit; back++) {
      const kept = this.#kept(this.#next > back ? this.#next - back : this.#next - back + this.#limit)
      if (kept) yield kept
    }
  }

  clear(): void {
    this.#newest.fill(NONE)
    this.#columns.addresses.fill(NOBODY)
    this.#apart.clear()
    this.#size = 0
  }

  #shared(touched: Touched): Touched {
    if (touched.knocks !== this.#sameTouched.knocks || touched.drawnFrom !== this.#sameTouched.drawnFrom) this.#sameTouched = touched
    return this.#sameTouched
  }

  #kept(place: number): Kept | undefined {
    const form = this.#columns.addresses[place] ?? NOBODY
    if (form === NOBODY) return undefined
    return { address: form === APART ? this.#apart.get(place)! : addressOf(form - 1), note: this.#note(place) }
  }

  #placesOf(address: Address): number[] {
    const form = formOf(address)
    const found: number[] = []
    for (let place = this.#head(this.#bucket(address)); place !== NONE; place = this.#older(place)) {
      if (this.#is(place, form, address)) found.push(place)
    }
    return found.toReversed()
  }

  #put(place: number, address: Address): void {
    const form = formOf(address)
    if (this.#columns.addresses[place] === APART) this.#apart.delete(place)
    if (form === APART) this.#apart.set(place, address)
    this.#columns.addresses[place] = form
  }

  #clear(place: number): void {
    this.#columns.addresses[place] = NOBODY
    this.#apart.delete(place)
  }

  #is(place: number, form: number, address: Address): boolean {
    return this.#columns.addresses[place] === form && (form !== APART || this.#apart.get(place) === address)
  }

  /** FNV-1a. */
  #bucket(address: Address): number {
    let hash = this.#seed
    for (let at = 0; at < address.length; at++) hash = Math.imul(hash ^ address.charCodeAt(at), 0x01000193)
    return (hash ^ (hash >>> 15)) & (BUCKETS - 1)
  }

  /** The newest packet of the bucket: if its place was given away, so were those of all before it. */
  #head(bucket: number): number {
    const place = this.#newest[bucket]!
    return place !== NONE && this.#columns.buckets[place] === bucket ? place : NONE
  }

  #older(place: number): number {
    const { before, orders } = this.#columns
    const older = before[place]!
    return older !== NONE && orders[older]! < orders[place]! ? older : NONE
  }

  #note(place: number): Note {
    const { times, orders, resolutions, keys, seqs, sports, ipIds, shown } = this.#columns
    const has = shown[place]!
    return newNote({
      time: times[place] as Micros,
      order: orders[place]!,
      resolution: resolutions[place] as Micros,
      source: this.#sources[place]!,
      key: keys[place]!,
      sport: has & HAS_SPORT ? sports[place] : undefined,
      seq: has & HAS_SEQ ? seqs[place] : undefined,
      ipId: has & HAS_IP_ID ? ipIds[place] : undefined,
      forwarded: (has & FORWARDED) !== 0,
    }, this.#touched[place]!)
  }
}

function formOf(address: Address): number {
  const number = addressNumber(address)
  return number < 0 ? APART : number + 1
}

function shownBy({ dir, sport, seq, ipId }: Packet): number {
  return (dir === 'forward' ? FORWARDED : 0) | (sport === undefined ? 0 : HAS_SPORT) | (seq === undefined ? 0 : HAS_SEQ) | (ipId === undefined ? 0 : HAS_IP_ID)
}
