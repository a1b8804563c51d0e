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
    const before = this.#touched.get(sender)
    const isNew = before === undefined || before.ends <= time
    if (!isNew && before.ports.includes(port)) return false
    if ((isNew ? 1 : before.ports.push(port)) >= limit) {
      this.#touched.delete(sender)
      return true
    }
    if (isNew) this.#begin(sender, port, time)
    return false
  }

  #begin(sender: string, port: EventKey, time: Micros): void {
    this.#touched.delete(sender)
    this.#touched.add(sender, { ends: (time + MARK_TIME) as Micros, ports: [port] })
    if (this.#touched.size > this.#capacity) this.#touched.takeOldest()
  }
}
