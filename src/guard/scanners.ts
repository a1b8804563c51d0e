import type { Micros } from '../../parsers/time.ts'
import type { EventKey } from '../../rules/key.ts'
import { FifoMap } from '../../rules/fifo-map.ts'
import { MARK_TIME } from './marks.ts'

interface Touched {
  readonly ends: Micros
  readonly ports: EventKey[]
}

/** Which senders touch so many different ports within a minute that it is a scan, whether or not they knock. */
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

  clear(): void {
    this.#touched.clear()
  }

  /** True once, when that port is the one too many. */
  touch(sender: string, port: EventKey, limit: number, time: Micros): boolean {
    const { ports } = this.#touchedBy(sender, time)
    if (ports.includes(port)) return false
    if (ports.push(port) < limit) return false
    this.#touched.delete(sender)
    return true
  }

  #touchedBy(sender: string, time: Micros): Touched {
    const before = this.#touched.get(sender)
    if (before && before.ends > time) return before
    if (before) this.#touched.delete(sender)
    const touched = { ends: (time + MARK_TIME) as Micros, ports: [] }
    this.#touched.add(sender, touched)
    if (this.#touched.size > this.#capacity) this.#touched.takeOldest()
    return touched
  }
}
