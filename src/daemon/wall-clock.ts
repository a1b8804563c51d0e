import { SECOND, type Micros } from '../../parsers/time.ts'
import type { Clocks } from '../clocks.ts'
import type { Log } from '../log/log.ts'

/** A change of the wall clock against the boot clock that is worth telling: slewing is slower. */
const CLOCK_STEP = (2 * SECOND) as Micros

/** Sees steps of the wall clock. */
export class WallClock {
  readonly #clocks: Pick<Clocks, 'wall' | 'boot'>
  readonly #log: Log
  readonly #setBack: () => void
  #lead: number

  constructor(clocks: Pick<Clocks, 'wall' | 'boot'>, log: Log, setBack: () => void) {
    this.#clocks = clocks
    this.#log = log
    this.#setBack = setBack
    this.#lead = clocks.wall() - clocks.boot()
  }

  look(): void {
    const lead = this.#clocks.wall() - this.#clocks.boot()
    const seconds = Math.round((lead - this.#lead) / SECOND)
    if (Math.abs(lead - this.#lead) > CLOCK_STEP) {
      this.#log.write({ level: 'warn', event: 'clock-stepped', text: `the wall clock was stepped by ${seconds} s`, facts: { seconds } })
    }
    if (lead < this.#lead - CLOCK_STEP) this.#setBack()
    this.#lead = lead
  }
}
