import type { Micros } from '../../parsers/time.ts'
import { networkKey, type Origin } from './origin.ts'

interface Entry<V> {
  readonly rule: string
  readonly origin: Origin
  /** How many parts of the origin it stands for. */
  readonly length: number
  value: V
}

interface TableParts<V> {
  readonly capacity: number
  /** One value for two that become one entry; it ends no sooner than either. */
  readonly merge: (one: V, other: V) => V
  readonly ends: (value: V) => Micros
}

/** Folding makes room for so many at a time, so that a flood does not fold at every packet. */
const ROOM = 1 / 8

/**
 * What is remembered of origins, by rule, in bounded memory. Nothing is ever pushed out before its time: when the table is
 * full, neighbours become one entry for the network around them, those with the most neighbours first.
 */
export class NetworkTable<V> {
  readonly #parts: TableParts<V>
  readonly #entries = new Map<string, Entry<V>>()

  constructor(parts: TableParts<V>) {
    this.#parts = parts
  }

  get size(): number {
    return this.#entries.size
  }

  /** The entry of the narrowest network around that origin, of at most `length` parts. */
  find(rule: string, origin: Origin, length: number, now: Micros): Readonly<Entry<V>> | undefined {
    if (this.#entries.size === 0) return undefined
    for (let narrow = length; narrow >= 0; narrow--) {
      const key = keyOf(rule, origin, narrow)
      const entry = this.#entries.get(key)
      if (entry && this.#parts.ends(entry.value) > now) return entry
      if (entry) this.#entries.delete(key)
    }
    return undefined
  }

  set(rule: string, origin: Origin, length: number, value: V, now: Micros): void {
    this.#entries.set(keyOf(rule, origin, length), { rule, origin, length, value })
    if (this.#entries.size > this.#parts.capacity) this.#makeRoom(now)
  }

  delete(rule: string, origin: Origin, length: number): void {
    this.#entries.delete(keyOf(rule, origin, length))
  }

  /** Those that have not ended. */
  all(now: Micros): Readonly<Entry<V>>[] {
    return [...this.#entries.values()].filter(({ value }) => this.#parts.ends(value) > now)
  }

  /** Forgets what is remembered for rules of which that does not hold. */
  keep(isKept: (rule: string) => boolean): void {
    for (const [key, { rule }] of this.#entries) if (!isKept(rule)) this.#entries.delete(key)
  }

  #makeRoom(now: Micros): void {
    for (const [key, { value }] of this.#entries) if (this.#parts.ends(value) <= now) this.#entries.delete(key)
    const enough = this.#parts.capacity * (1 - ROOM)
    for (let length = 3; length >= 0 && this.#entries.size > enough; length--) this.#fold(length, enough)
  }

  #fold(length: number, enough: number): void {
    const networks = new Map<string, Entry<V>[]>()
    for (const entry of this.#entries.values()) {
      if (entry.length < length) continue
      const key = keyOf(entry.rule, entry.origin, length)
      const network = networks.get(key)
      if (network) network.push(entry)
      else networks.set(key, [entry])
    }
    const crowded = [...networks].filter(([, { length: count }]) => count > 1).toSorted(([, one], [, other]) => other.length - one.length)
    for (const [key, entries] of crowded) {
      if (this.#entries.size <= enough) return
      this.#join(key, entries, length)
    }
  }

  #join(key: string, entries: readonly Entry<V>[], length: number): void {
    const [{ rule, origin }] = entries as readonly [Entry<V>]
    for (const entry of entries) this.#entries.delete(keyOf(rule, entry.origin, entry.length))
    const value = entries.map((entry) => entry.value).reduce(this.#parts.merge)
    this.#entries.set(key, { rule, origin, length, value })
  }
}

function keyOf(rule: string, origin: Origin, length: number): string {
  return `${rule} ${networkKey(origin, length)}`
}
