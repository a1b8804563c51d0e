import { createClock, uptimeClock, type Clock } from '../../parsers/clock.ts'
import type { Micros, Stamp } from '../../parsers/time.ts'
import type { Zone } from '../../parsers/zone.ts'
import type { Clocks } from '../clocks.ts'

/** When lines arrived, by the wall clock and by the one that the kernel's stamps follow. */
export interface Arrival {
  readonly wall: Micros
  readonly monotonic: Micros
}

/** Event time of the lines of a source that is followed, in reading order. */
export class LiveClock {
  readonly #clock: Clock
  readonly #uptime: ReturnType<typeof uptimeClock>

  /** `delta`: how far the kernel's stamps were behind CLOCK_MONOTONIC, if that is known from before. */
  constructor(zone: Zone, seed?: { readonly delta: Micros; readonly at: Micros }) {
    this.#clock = createClock({ mode: 'live', zone })
    this.#uptime = uptimeClock()
    if (seed) this.#uptime.seed(seed.delta, seed.at)
  }

  read(stamp: Stamp, { wall, monotonic }: Arrival): { readonly time: Micros; readonly resolution: Micros } {
    if (stamp.kind !== 'uptime') return this.#clock(stamp, wall)
    // The stamp is compared with a clock that nobody steps, and only then put into wall time.
    const written = this.#uptime.read(stamp.at, monotonic)
    return { time: (written + wall - monotonic) as Micros, resolution: stamp.resolution }
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
