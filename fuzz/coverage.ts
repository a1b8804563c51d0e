import { Session, type Profiler } from 'node:inspector'

type Reached = Map<string, Uint8Array>

/**
 * Which code was reached, from V8's block counters (https://v8.dev/blog/javascript-code-coverage) of the built program. jazzer.js would
 * do it with less of our own, but its add-on asks for a newer C library than Debian 12 has, and none is built for OpenBSD.
 */
export class Coverage {
  readonly #session = new Session()
  readonly #reached: Reached = new Map()
  /** Functions that reached more, with all that they reached. */
  readonly #pending: Reached = new Map()
  /** Functions in ways in which they ran before: most of them run in the same few. */
  readonly #seen = new Set<string>()

  constructor() {
    this.#session.connect()
    this.#post('Profiler.enable')
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  /** Whether code ran since the last call that had never run before. Asked only, it stays new until it is remembered. */
  isNew(how: 'keep' | 'ask'): boolean {
    for (const { url, functions } of this.#take()) {
      if (/\/dist\/(?:parsers|rules|src)\//.test(url)) for (const one of functions) this.#look(url, one)
    }
    const found = this.#pending.size > 0
    if (how === 'keep') this.remember(this.forget())
    return found
  }

  /** What is new and was only asked for. */
  forget(): Reached {
    const pending = new Map(this.#pending)
    this.#pending.clear()
    return pending
  }

  /** Counts as reached from now on: also what a text reaches only the first time, because something is remembered of it. */
  remember(more: Reached): void {
    for (const [name, bytes] of more) {
      const known = this.#reached.get(name)
      this.#reached.set(name, known === undefined ? bytes : known.map((byte, index) => byte | bytes[index]!))
    }
  }

  /** Bytes of code that were reached. */
  get size(): number {
    return [...this.#reached.values()].reduce((sum, bytes) => sum + bytes.reduce((count, byte) => count + byte, 0), 0)
  }

  close(): void {
    this.#session.disconnect()
  }

  #look(url: string, { ranges }: Profiler.FunctionCoverage): void {
    const [whole] = ranges
    if (whole === undefined || whole.count === 0) return
    const name = `${url}:${whole.startOffset}-${whole.endOffset}`
    const way = `${name} ${ranges.map(({ startOffset, endOffset, count }) => `${startOffset}-${endOffset}${count > 0 ? '+' : ''}`).join()}`
    if (this.#seen.has(way)) return
    const known = this.#reached.get(name) ?? new Uint8Array(whole.endOffset - whole.startOffset)
    const now = new Uint8Array(known.length)
    // Ranges are nested, the outer before the inner.
    for (const { startOffset, endOffset, count } of ranges) now.fill(count > 0 ? 1 : 0, startOffset - whole.startOffset, endOffset - whole.startOffset)
    const sum = known.map((byte, index) => byte | now[index]!)
    if (sum.every((byte, index) => byte === known[index])) this.#seen.add(way)
    else this.#pending.set(name, sum)
  }

  #take(): readonly Profiler.ScriptCoverage[] {
    let taken: readonly Profiler.ScriptCoverage[] = []
    this.#session.post('Profiler.takePreciseCoverage', (error, { result }) => {
      if (error) throw error
      taken = result
    })
    return taken
  }

  #post(method: string, parameters?: object): void {
    this.#session.post(method, parameters, (error) => {
      if (error) throw error
    })
  }
}
