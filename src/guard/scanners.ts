import type { Micros } from '../../parsers/time.ts'
import type { EventKey } from '../../rules/key.ts'
import { FifoMap } from '../../rules/fifo-map.ts'
import { MARK_TIME } from './marks.ts'

interface Touched {
  readonly ends: Micros
  readonly ports: EventKey[]
}

/** Which origins touch so many different ports within a minute that it is a scan, whether or not they knock. */
export class Scanners {
  readonly #capacity: number
  /** In the order in which they were first seen. When full the oldest go: to be forgotten helps a scanner little, since sequences bear few other ports. */
  readonly #touched = new FifoMap<string, Touched>()

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#touched.size
  }

  /** True once, when that port is the one too many. */
  touch(origin: string, port: EventKey, limit: number, now: Micros): boolean {
    const { ports } = this.#touchedBy(origin, now)
    if (ports.includes(port)) return false
    if (ports.push(port) < limit) return false
    this.#touched.delete(origin)
    return true
  }

  #touchedBy(origin: string, now: Micros): Touched {
    const before = this.#touched.get(origin)
    if (before && before.ends > now) return before
    if (before) this.#touched.delete(origin)
    const touched = { ends: (now + MARK_TIME) as Micros, ports: [] }
    this.#touched.add(origin, touched)
    if (this.#touched.size > this.#capacity) this.#touched.takeOldest()
    return touched
  }
}
