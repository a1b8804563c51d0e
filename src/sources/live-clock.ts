import { createClock, uptimeClock, type Clock } from '../../parsers/clock.ts'
import { SECOND, type Micros, type Stamp } from '../../parsers/time.ts'
import type { Zone } from '../../parsers/zone.ts'
import type { Clocks } from '../clocks.ts'

/** No record is read later than that by us; what seems to lie further back does so since the wall clock was set back. */
const MOST_LAG = SECOND

/** When lines arrived, by the wall clock and by the one that the kernel's stamps follow. */
export interface Arrival {
  readonly wall: Micros
  readonly monotonic: Micros
}

/** Event time of the lines of a source that is followed, in reading order. */
export class LiveClock {
  readonly #clock: Clock
  readonly #uptime: ReturnType<typeof uptimeClock>
  /** The newest record of the kernel's: by its own stamp, and when it was found to be written. */
  #newest = { stamp: Number.NEGATIVE_INFINITY, time: Number.NEGATIVE_INFINITY }

  /** `delta`: how far the kernel's stamps were behind CLOCK_MONOTONIC, if that is known from before. */
  constructor(zone: Zone, seed?: { readonly delta: Micros; readonly at: Micros }) {
    this.#clock = createClock({ mode: 'live', zone })
    this.#uptime = uptimeClock()
    if (seed) this.#uptime.seed(seed.delta, seed.at)
  }

  read(stamp: Stamp, { wall, monotonic }: Arrival): { readonly time: Micros; readonly resolution: Micros } {
    if (stamp.kind === 'recorded') return { time: this.#inOrder(stamp.uptime, this.#clock(stamp, wall).time), resolution: stamp.resolution }
    if (stamp.kind !== 'uptime') return this.#clock(stamp, wall)
    // The stamp is compared with a clock that nobody steps, and only then put into wall time.
    const written = this.#uptime.read(stamp.at, monotonic)
    return { time: this.#inOrder(stamp.at, (written + wall - monotonic) as Micros), resolution: stamp.resolution }
  }

  /**
   * A record that was read sooner than those before it shows that they are older than they were thought to be, and Date.now() is cut to a
   * millisecond: so a later stamp might come to lie before an earlier one. Then both lie at the same time, and count as they were read.
   */
  #inOrder(stamp: number, time: Micros): Micros {
    const { stamp: newest, time: last } = this.#newest
    if (stamp < newest) return time
    const kept = time < last && last - time < MOST_LAG ? (last as Micros) : time
    this.#newest = { stamp, time: kept }
    return kept
  }

  /** A kernel record with that stamp was written after `since`, whatever the bounds say. */
  writtenAfter(since: Micros, stamp: Micros): void {
    this.#uptime.atLeast((since - stamp) as Micros)
  }

  get delta(): Micros | undefined {
    return this.#uptime.delta
  }
}

export function now({ wall, monotonic }: Clocks): Arrival {
  return { wall: wall(), monotonic: monotonic() }
}
