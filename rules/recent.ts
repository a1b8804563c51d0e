/** Results that cost something to make, by key: as many as may be kept, the oldest go first. */
export class Recent<K, V> {
  readonly #most: number
  readonly #make: (key: K) => V
  readonly #made = new Map<K, V>()

  constructor(most: number, make: (key: K) => V) {
    this.#most = most
    this.#make = make
  }

  get(key: K): V {
    const known = this.#made.get(key)
    if (known !== undefined) return known
    const made = this.#make(key)
    this.#made.set(key, made)
    if (this.#made.size > this.#most) this.#made.delete(this.#made.keys().next().value!)
    return made
  }
}
