import { MILLISECOND, type Micros } from '../../parsers/time.ts'
import type { Clocks } from '../clocks.ts'

/** What ends later is found by a look that comes before. */
const LONGEST_WAIT_MS = 2000

/** Ends grants exactly at their time; timers of Node are exact to a millisecond. Its owner looks each second, too: the wall clock may end grants. */
export class ExpiryTimer {
  readonly #clocks: Pick<Clocks, 'boot'>
  readonly #nextDeadline: () => Micros | undefined
  readonly #end: () => void
  #timer: NodeJS.Timeout | undefined

  /** `nextDeadline`: when the next grant ends, by the boot clock; `end`: ends those whose time has come, some at a time. */
  constructor(clocks: Pick<Clocks, 'boot'>, nextDeadline: () => Micros | undefined, end: () => void) {
    this.#clocks = clocks
    this.#nextDeadline = nextDeadline
    this.#end = end
  }

  /** To be called whenever grants may have begun. */
  schedule(): void {
    this.stop()
    const next = this.#nextDeadline()
    if (next === undefined) return
    const waitMs = Math.max(0, Math.ceil((next - this.#clocks.boot()) / MILLISECOND))
    if (waitMs <= LONGEST_WAIT_MS) this.#timer = setTimeout(() => this.look(), waitMs)
  }

  /** Many end bit by bit: knocks are read between. */
  look(): void {
    this.#end()
    this.schedule()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}
