import type { Micros } from '../../parsers/time.ts'
import { FifoMap } from './fifo-map.ts'
import { MARK_TIME } from './marks.ts'

/** A bit for each of so many groups of ports: most that are new are in a group of which none was touched, and need not be looked for. */
const FILTER_BITS = 256
const FILTER_WORDS = FILTER_BITS / 32

/**
 * Which senders touch so many different ports within a minute that it is a scan, whether or not they knock. What is remembered of each lies in
 * columns of numbers, at a place that he has for himself: every packet asks for it, and so it is at hand in the processor's cache.
 */
export class Scanners {
  readonly #capacity: number
  /** In the order in which they were first seen. When full the oldest go: to be forgotten helps a scanner little, since sequences bear few other ports. */
  readonly #places = new FifoMap<string, number>()
  #free: number[]
  readonly #ends: Float64Array
  readonly #counts: Uint16Array
  readonly #filters: Uint32Array
  /** So many for each place, the first of which are touched. */
  #ports: Uint32Array
  #portsEach = 0

  constructor(capacity: number) {
    this.#capacity = capacity
    this.#free = placesOf(capacity)
    this.#ends = new Float64Array(capacity)
    this.#counts = new Uint16Array(capacity)
    this.#filters = new Uint32Array(capacity * FILTER_WORDS)
    this.#ports = new Uint32Array(0)
  }

  get size(): number {
    return this.#places.size
  }

  clear(): void {
    this.#places.clear()
    this.#free = placesOf(this.#capacity)
  }

  /** `port`: with its protocol, see key.ts. True once, when that port is the one too many. */
  touch(sender: string, port: number, limit: number, time: Micros): boolean {
    const place = this.#places.get(sender) ?? this.#begin(sender, time)
    if (this.#ends[place]! <= time) this.#beginAgain(sender, place, time)
    if (this.#isFiltered(place, port) && this.#isTouched(place, port)) return false
    if (limit > this.#portsEach) this.#widen(limit)
    const count = ++this.#counts[place]!
    this.#ports[place * this.#portsEach + count - 1] = port
    if (count < limit) return false
    this.#places.delete(sender)
    this.#free.push(place)
    return true
  }

  /** Whether one of its group was touched; from now on one was. */
  #isFiltered(place: number, port: number): boolean {
    // Fibonacci hashing: neighbours lie far apart.
    const bit = Math.imul(port, 0x9e3779b1) >>> 24
    const at = place * FILTER_WORDS + (bit >>> 5)
    const word = this.#filters[at]!
    const mask = 1 << (bit & 31)
    this.#filters[at] = word | mask
    return (word & mask) !== 0
  }

  #isTouched(place: number, port: number): boolean {
    const first = place * this.#portsEach
    const end = first + this.#counts[place]!
    for (let at = first; at < end; at++) if (this.#ports[at] === port) return true
    return false
  }

  #begin(sender: string, time: Micros): number {
    const place = this.#free.pop() ?? this.#places.takeOldest()!
    this.#places.add(sender, place)
    this.#empty(place, time)
    return place
  }

  #beginAgain(sender: string, place: number, time: Micros): void {
    this.#places.delete(sender)
    this.#places.add(sender, place)
    this.#empty(place, time)
  }

  #empty(place: number, time: Micros): void {
    this.#ends[place] = time + MARK_TIME
    this.#counts[place] = 0
    this.#filters.fill(0, place * FILTER_WORDS, (place + 1) * FILTER_WORDS)
  }

  /** A reload may ask for more ports. */
  #widen(portsEach: number): void {
    const ports = new Uint32Array(this.#capacity * portsEach)
    for (const place of this.#places.values()) {
      const first = place * this.#portsEach
      ports.set(this.#ports.subarray(first, first + this.#portsEach), place * portsEach)
    }
    this.#ports = ports
    this.#portsEach = portsEach
  }
}

function placesOf(capacity: number): number[] {
  return Array.from({ length: capacity }, (_, place) => place)
}
