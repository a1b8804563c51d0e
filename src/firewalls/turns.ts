/** Work for many places: at one place in the order it came, what fits together at once; at different places at the same time. */
export class Turns<P, T> {
  readonly #perform: (batch: readonly T[]) => Promise<void>
  readonly #companion: (first: T) => (next: T) => boolean
  readonly #waiting = new Map<P, T[]>()
  readonly #working = new Map<P, Promise<void>>()

  /** `perform` must not reject. `companion`: begins a batch; asked of one after the other, it says whether that can be done together with those before it. */
  constructor(perform: (batch: readonly T[]) => Promise<void>, companion: (first: T) => (next: T) => boolean) {
    this.#perform = perform
    this.#companion = companion
  }

  /** How many wait. */
  get size(): number {
    return [...this.#waiting.values()].reduce((sum, queue) => sum + queue.length, 0)
  }

  push(place: P, item: T): void {
    const queue = this.#waiting.get(place) ?? []
    queue.push(item)
    this.#waiting.set(place, queue)
    if (!this.#working.has(place)) this.#working.set(place, this.#drain(place, queue))
  }

  async idle(): Promise<void> {
    while (this.#working.size > 0) await Promise.all(this.#working.values())
  }

  async #drain(place: P, queue: T[]): Promise<void> {
    // What arrives together is looked at together.
    await Promise.resolve()
    while (queue.length > 0) await this.#perform(this.#take(queue))
    this.#working.delete(place)
    this.#waiting.delete(place)
  }

  #take(queue: T[]): T[] {
    const fits = this.#companion(queue[0]!)
    const end = queue.findIndex((item, index) => index > 0 && !fits(item))
    return queue.splice(0, end < 0 ? queue.length : end)
  }
}
