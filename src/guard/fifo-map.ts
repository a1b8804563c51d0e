/**
 * A map from which the oldest entry is taken. A Map keeps the places of what was deleted until it is made anew, and a fresh iterator steps over
 * all of them: with 131,072 entries each taking would cost 70 microseconds. So one iterator goes on from where it was. It holds on to
 * the tables that the map has outgrown, so it is let go before that is much.
 */
export class FifoMap<K, V> {
  readonly #entries = new Map<K, V>()
  #oldest: IterableIterator<[K, V]> | undefined
  /** Since there is that iterator. */
  #added = 0

  get size(): number {
    return this.#entries.size
  }

  get(key: K): V | undefined {
    return this.#entries.get(key)
  }

  /** There must be no such key: what is set again would keep its age. */
  add(key: K, value: V): void {
    if (++this.#added > this.#entries.size) this.#oldest = undefined
    this.#entries.set(key, value)
  }

  delete(key: K): void {
    this.#entries.delete(key)
  }

  /** Takes the entry out that was added first; undefined: there is none. */
  takeOldest(): V | undefined {
    const next = this.#iterator().next()
    if (next.done) return undefined
    const [key, value] = next.value
    this.#entries.delete(key)
    return value
  }

  /** The oldest first. */
  values(): Iterable<V> {
    return this.#entries.values()
  }

  clear(): void {
    this.#entries.clear()
    this.#oldest = undefined
  }

  #iterator(): IterableIterator<[K, V]> {
    if (this.#oldest === undefined) this.#added = 0
    return (this.#oldest ??= this.#entries.entries())
  }
}
