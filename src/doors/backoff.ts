const FIRST_MS = 1000
const LONGEST_MS = 60_000

/** Lets things that failed wait before they are tried again, twice as long each time. */
export class Backoff<T> {
  readonly #again: (item: T) => void
  readonly #waits = new Map<string, number>()
  readonly #timers = new Map<string, NodeJS.Timeout>()

  constructor(again: (item: T) => void) {
    this.#again = again
  }

  /** How many wait. */
  get size(): number {
    return this.#timers.size
  }

  /** Answers after how many milliseconds it comes again. */
  wait(key: string, item: T): number {
    const waitMs = this.#waits.get(key) ?? FIRST_MS
    this.#waits.set(key, Math.min(2 * waitMs, LONGEST_MS))
    this.#stopTimer(key)
    this.#timers.set(key, setTimeout(() => {
      this.#timers.delete(key)
      this.#again(item)
    }, waitMs))
    return waitMs
  }

  /** It comes another way; how long it would wait after the next failure stays. */
  drop(key: string): void {
    this.#stopTimer(key)
  }

  /** It went well. */
  reset(key: string): void {
    this.#stopTimer(key)
    this.#waits.delete(key)
  }

  stop(): void {
    for (const key of this.#timers.keys()) this.#stopTimer(key)
  }

  #stopTimer(key: string): void {
    clearTimeout(this.#timers.get(key))
    this.#timers.delete(key)
  }
}
