import type { ConnectionEvent } from '../parsers/event.ts'
import type { Micros } from '../parsers/time.ts'
import type { Config } from './config/config.ts'
import { Grants } from './grants/grants.ts'
import type { Happening } from './happening.ts'
import { Pipeline } from './pipeline.ts'

/** The pipeline driven by a log's own time: its clock is the greatest event time so far. */
export class Replay {
  readonly pipeline: Pipeline
  #now = Number.NEGATIVE_INFINITY as Micros

  constructor(config: Config) {
    const now = (): Micros => this.#now
    this.pipeline = new Pipeline(config, new Grants({ wall: now, boot: now }))
  }

  read(event: ConnectionEvent): readonly Happening[] {
    const closes = this.#advance(event.time)
    const happenings = this.pipeline.read(event)
    return closes.length === 0 ? happenings : [...closes, ...happenings]
  }

  /** The end of the log: attempts are given up, and the doors that still stand open close at their time. */
  finish(): readonly Happening[] {
    const ends = this.pipeline.finish()
    return [...ends, ...this.#advance(Number.POSITIVE_INFINITY as Micros)].toSorted((a, b) => a.time - b.time)
  }

  #advance(time: Micros): readonly Happening[] {
    if (time <= this.#now) return NONE
    this.#now = time
    return this.pipeline.expire()
  }
}

const NONE: readonly Happening[] = []
