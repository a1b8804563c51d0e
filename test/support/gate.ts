import { parseAddress, type Address } from '../../parsers/address.ts'
import type { ConnectionEvent } from '../../parsers/event.ts'
import { SECOND, type Micros } from '../../parsers/time.ts'
import { Grants, type Grant } from '../../src/grants/grants.ts'
import type { Happening } from '../../src/happening.ts'
import { Pipeline } from '../../src/pipeline.ts'
import { config } from './config.ts'
import { event, ms, type EventParts } from './history.ts'

/** A pipeline on a clock of its own, which goes with the events. */
export class Gate {
  readonly grants = new Grants({ wall: () => this.now, boot: () => this.now })
  readonly pipeline: Pipeline
  /** By whose grants somebody is connected. */
  readonly connected = new Set<Address>()
  now = SECOND as Micros

  constructor(text: string, readFile?: (path: string) => string) {
    this.pipeline = new Pipeline(config(text, readFile), this.grants, {
      own: { contains: () => false }, matched: () => {}, runOnce: () => {}, observeOnly: () => false, isPaused: () => false,
      useUp: (_door, _spend, _asked, opens) => void this.happenings.push(...opens(undefined)),
      isConnected: ({ address }: Grant) => this.connected.has(address),
    })
  }

  /** Everything that has happened. */
  readonly happenings: Happening[] = []

  wait(seconds: number): void {
    this.now = (this.now + seconds * SECOND) as Micros
    this.happenings.push(...this.pipeline.expire())
  }

  read(packet: ConnectionEvent): readonly Happening[] {
    const before = this.happenings.length
    this.happenings.push(...this.pipeline.read(packet))
    return this.happenings.slice(before)
  }

  /** Packets to those ports, 10 ms apart: what happened, as `open` or `lockout`. */
  touch(src: string, ports: readonly number[], parts: EventParts = {}): string[] {
    return ports.flatMap((port) => {
      this.now = (this.now + ms(10)) as Micros
      return this.read(event(this.now / 1000, { ...parts, src: parseAddress(src)!, port })).map(({ event: name }) => name)
    })
  }

  last(name: Happening['event']): Happening | undefined {
    return this.happenings.findLast(({ event: one }) => one === name)
  }

  count(name: Happening['event']): number {
    return this.happenings.filter(({ event: one }) => one === name).length
  }
}
