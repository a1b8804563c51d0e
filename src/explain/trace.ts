import type { Address } from '../../parsers/address.ts'
import type { ConnectionEvent } from '../../parsers/event.ts'
import type { Micros } from '../../parsers/time.ts'
import { eventKey, keyText } from '../../rules/key.ts'
import type { Look } from '../../rules/look.ts'
import type { Config } from '../config/config.ts'
import type { Happening } from '../happening.ts'
import { Replay } from '../replay.ts'

/** One event of the address, or something that happened at the doors because of it or of its time; or all that was known of it was forgotten. */
export type TraceEntry =
  | { readonly kind: 'event'; readonly time: Micros; readonly source: string; readonly what: string; readonly look: Look }
  | { readonly kind: 'happening'; readonly time: Micros; readonly happening: Happening }
  | { readonly kind: 'forgotten'; readonly time: Micros }

/**
 * The story of one address in a log, or of all: all events are replayed, since what others use up or fill is missing to it; its own are
 * told.
 */
export class Trace {
  readonly #replay: Replay
  readonly #address: Address | undefined
  #isRemembered = false

  /** `address`: undefined: of all. */
  constructor(config: Config, address: Address | undefined) {
    this.#replay = new Replay(config)
    this.#address = address
  }

  read(event: ConnectionEvent): TraceEntry[] {
    const happened = this.#own(this.#replay.read(event))
    if (!this.#isOwn(event.src)) return this.#isForgotten() ? [...happened, { kind: 'forgotten', time: event.time }] : happened
    const { time, source } = event
    const entry: TraceEntry = { kind: 'event', time, source, what: whatOf(event), look: this.#replay.pipeline.look(event) }
    this.#isRemembered = this.#address !== undefined && this.#replay.pipeline.remembers(this.#address)
    // A door whose time was over closed before the event that showed it.
    return [...happened.filter((other) => other.time < time), entry, ...happened.filter((other) => other.time >= time)]
  }

  finish(): TraceEntry[] {
    return this.#own(this.#replay.finish())
  }

  /** Asked after an event of somebody else. */
  #isForgotten(): boolean {
    if (!this.#isRemembered || this.#replay.pipeline.remembers(this.#address!)) return false
    this.#isRemembered = false
    return true
  }

  #isOwn(address: Address): boolean {
    return this.#address === undefined || address === this.#address
  }

  #own(happenings: readonly Happening[]): TraceEntry[] {
    return happenings.filter(({ address }) => this.#isOwn(address)).map((happening) => ({ kind: 'happening', time: happening.time, happening }))
  }
}

function whatOf(event: ConnectionEvent): string {
  const key = eventKey(event)
  if (key !== undefined) return keyText(key)
  return event.kind === 'packet' ? event.proto : event.method
}
