import { parseLine } from '../../parsers/dialects.ts'
import { connectionEvent } from '../../parsers/event.ts'
import { isParsed, type Dialect, type ParseContext } from '../../parsers/parser.ts'
import type { Reason } from '../../parsers/reason.ts'
import type { Micros, Stamp } from '../../parsers/time.ts'
import type { Network } from '../../parsers/network.ts'
import type { Clocks } from '../clocks.ts'
import { withClient } from './client.ts'
import type { LineBatch } from './driver.ts'
import { LiveClock, now, type Arrival } from './live-clock.ts'
import type { EventBatch, LiveEvent, SourceStats } from './source.ts'

export interface LiveReading {
  readonly source: string
  readonly dialect: Dialect
  readonly parse: ParseContext
  /** Whose X-Forwarded-For counts, at that time. */
  readonly proxies: () => readonly Network[]
  readonly clocks: Clocks
  /** Makes a clock for a writer that starts anew. */
  readonly newClock: () => LiveClock
  readonly stats: SourceStats
}

/** From the lines of a source to its events, in reading order; what gives none is counted by its reason. */
export class LiveReader {
  readonly #reading: LiveReading
  #clock: LiveClock

  constructor(reading: LiveReading) {
    this.#reading = reading
    this.#clock = reading.newClock()
  }

  get clock(): LiveClock {
    return this.#clock
  }

  /** What writes the lines was started again: spans and offsets of before mean nothing. */
  restart(): void {
    this.#clock = this.#reading.newClock()
  }

  read({ lines, backlog, counted, bytes }: LineBatch): EventBatch {
    const { source, stats, clocks } = this.#reading
    const arrival = now(clocks)
    const events: LiveEvent[] = []
    for (const line of lines) {
      const outcome = line === '' ? undefined : this.#readLine(line, arrival)
      if (typeof outcome === 'object') events.push(outcome)
      else if (counted && outcome !== undefined) stats.reasons.set(outcome, (stats.reasons.get(outcome) ?? 0) + 1)
    }
    if (counted) {
      stats.lines += lines.length
      stats.bytes += bytes
      stats.events += events.length
      const last = events.at(-1)
      if (last && !backlog) stats.heard = { at: clocks.boot(), lag: (arrival.wall - last.time) as Micros }
    }
    return { source, events, backlog }
  }

  #readLine(line: string, arrival: Arrival): LiveEvent | Reason {
    const { source, dialect, parse, proxies } = this.#reading
    const outcome = parseLine(dialect, line, parse)
    if (typeof outcome === 'string') return outcome
    // Refused or not, a line's span counts for the lines after it.
    const { time, resolution } = this.#clock.read(outcome.stamp, arrival)
    if (!isParsed(outcome)) return outcome.reason
    if (!Number.isSafeInteger(time)) return 'bad-time'
    const fields = withClient(outcome, proxies())
    return typeof fields === 'string' ? fields : Object.assign(connectionEvent(fields, time, resolution, source), { uptime: uptimeOf(outcome.stamp) })
  }
}

function uptimeOf(stamp: Stamp): Micros | undefined {
  if (stamp.kind === 'uptime') return stamp.at
  return stamp.kind === 'recorded' ? stamp.uptime : undefined
}
