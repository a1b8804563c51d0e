import { createClock, type ClockOptions, type Reading } from '../../parsers/clock.ts'
import { MICROSECOND, type Micros, type Stamp } from '../../parsers/time.ts'

/** When what a line tells of happened; undefined if there can be no such time. */
export type EventClock = (stamp: Stamp) => Reading | undefined

/**
 * The clock of a log that is read back, kept within the years in which microseconds are exact (1684 to 2255): a span
 * may claim to be of any length, and its sum with others is no date that can be shown.
 */
export function eventClock(options: ClockOptions): EventClock {
  const clock = createClock(options)
  let last = 0 as Micros
  return (stamp) => {
    if ('at' in stamp && typeof stamp.at === 'number' && !Number.isSafeInteger(stamp.at)) return undefined
    // Live, arrival is what the source says; in replay no time but the log's own counts.
    const reading = clock(stamp, 0 as Micros)
    if (Number.isSafeInteger(reading.time)) {
      last = reading.time
      return reading
    }
    clock({ kind: 'epoch', at: last, resolution: MICROSECOND }, 0 as Micros)
    return undefined
  }
}
