import type { Micros } from '../../parsers/time.ts'
import type { EventKey } from '../../rules/key.ts'
import { FifoMap } from '../../rules/fifo-map.ts'
import { MARK_TIME } from './marks.ts'

/** The first `count` of the ports were touched; the rest is room that was made before. */
interface Touched {
  ends: Micros
  count: number
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
    const touched = this.#touched.get(sender) ?? this.#begin(sender, port, time)
    if (touched.ends <= time) this.#beginAgain(sender, touched, time)
    for (let at = 0; at < touched.count; at++) if (touched.ports[at] === port) return false
    touched.ports[touched.count++] = port
    if (touched.count < limit) return false
    this.#touched.delete(sender)
    return true
  }

  #begin(sender: string, port: EventKey, time: Micros): Touched {
    const touched = { ends: (time + MARK_TIME) as Micros, count: 0, ports: [port] }
    this.#touched.add(sender, touched)
    if (this.#touched.size > this.#capacity) this.#touched.takeOldest()
    return touched
  }

  #beginAgain(sender: string, touched: Touched, time: Micros): void {
    touched.ends = (time + MARK_TIME) as Micros
    touched.count = 0
    this.#touched.delete(sender)
    this.#touched.add(sender, touched)
  }
}
