import type { Address } from '../../parsers/address.ts'
import type { ConnectionEvent } from '../../parsers/event.ts'
import { HOUR, MINUTE, SECOND, type Micros } from '../../parsers/time.ts'
import type { PortStep } from '../../rules/rule.ts'
import type { Clocks } from '../clocks.ts'
import type { Config, DoorRule } from '../config/config.ts'
import type { Log } from '../log/log.ts'
import type { EventBatch } from '../sources/source.ts'
import type { CanaryPacket, Send } from './canary-packet.ts'

export interface CanaryParts {
  readonly clocks: Pick<Clocks, 'boot'>
  readonly log: Log
  readonly config: () => Config
  readonly send: Send
  /** An address of this machine that is not loopback's. */
  readonly address: () => Address | undefined
}

/** After the start, before the first one: sources must be followed. */
const FIRST = (2 * SECOND) as Micros
const PATIENCE = (5 * SECOND) as Micros

interface Sent {
  readonly packet: CanaryPacket
  readonly at: Micros
  /** The sources that have not shown it yet. */
  readonly awaited: Set<string>
  why?: string | undefined
}

/**
 * Once an hour this machine knocks at itself: a packet from one of its own addresses to a knock port of its own, which every source with
 * `canary` must show within seconds. It is taken out of what is read, so that it never counts as a knock.
 */
export class Canary {
  readonly #parts: CanaryParts
  readonly #missing = new Set<string>()
  #next: Micros
  #sent: Sent | undefined

  constructor(parts: CanaryParts) {
    this.#parts = parts
    this.#next = (parts.clocks.boot() + FIRST) as Micros
  }

  /** To be called each second. */
  look(): void {
    const now = this.#parts.clocks.boot()
    const sent = this.#sent
    if (sent && sent.awaited.size > 0 && now - sent.at > PATIENCE) this.#miss(sent, now)
    else if (now >= this.#next) this.#begin(now)
  }

  /** The same without our own packet, and copies of it. */
  filter(batch: EventBatch): EventBatch {
    const sent = this.#sent
    if (!sent || !batch.events.some((event) => isCanary(event, sent.packet))) return batch
    if (sent.awaited.delete(batch.source)) this.#see(batch.source)
    return { ...batch, events: batch.events.filter((event) => !isCanary(event, sent.packet)) }
  }

  #begin(now: Micros): void {
    this.#next = (now + HOUR) as Micros
    const config = this.#parts.config()
    const awaited = new Set(config.sources.filter(({ canary }) => canary).map(({ name }) => name))
    if (awaited.size === 0) return
    const [step, address] = [config.rules.flatMap(portOf)[0], this.#parts.address()]
    if (!step || !address) return this.#tellMissing(awaited, step ? 'this machine has no address of its own' : 'no rule has a port to knock at')
    const packet = { proto: step.proto, address, sport: 49_152 + Math.floor(Math.random() * 16_384), dport: step.port }
    const sent: Sent = { packet, at: now, awaited }
    this.#sent = sent
    void this.#parts.send(packet).then((why) => (sent.why = why))
  }

  #miss({ packet: { address, dport, proto }, awaited, why }: Sent, now: Micros): void {
    this.#next = (now + MINUTE) as Micros
    this.#sent = undefined
    const cause = why === undefined ? 'was not logged within 5 s' : `could not be sent: ${why}`
    this.#tellMissing(awaited, `a packet from ${address} to its own port ${dport}/${proto} ${cause}`)
  }

  #tellMissing(sources: ReadonlySet<string>, why: string): void {
    for (const source of sources) {
      if (!this.#missing.has(source)) this.#parts.log.write({ level: 'error', event: 'canary-missing', text: `source ${source}: ${why}`, facts: { source } })
      this.#missing.add(source)
    }
  }

  #see(source: string): void {
    if (this.#missing.delete(source)) this.#parts.log.write({ level: 'info', event: 'canary-seen', text: `source ${source} shows our own packet again`, facts: { source } })
  }
}

function isCanary(event: ConnectionEvent, { proto, address, sport, dport }: CanaryPacket): boolean {
  return event.kind === 'packet' && event.proto === proto && event.src === address && event.sport === sport && event.dport === dport
}

/** A port that stands in the log anyway, or one of those from which secret ones are drawn. */
function portOf({ match, sequences }: DoorRule): Pick<PortStep, 'proto' | 'port'>[] {
  const steps = sequences.flatMap((sequence) => sequence.steps)
  const fixed = steps.find((step) => step.kind === 'port')
  const range = steps.find((step) => step.kind === 'range') ?? match.drawn?.range
  return [...(fixed ? [fixed] : []), ...(range ? [{ proto: range.proto, port: range.from }] : [])]
}
