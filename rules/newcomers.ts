import { parseAddress, type Address } from '../parsers/address.ts'
import type { Micros } from '../parsers/time.ts'
import type { AddressKeys } from './address-column.ts'
import { attemptAt, forgotten } from './attempts.ts'
import type { Attempt } from './choice.ts'
import { demandMetBy, type Compiled, type SequenceIndex } from './compile.ts'
import type { Forgotten } from './decision.ts'
import type { EventKey } from './key.ts'
import { knock } from './knocking.ts'
import { newNote, type Note } from './note.ts'
import { PacketColumns, type PacketEvent } from './packet-columns.ts'
import { newTrail, type Trail } from './trail.ts'

type Knocks = Note['knocks']

/** What a first knock that meets one demand begins, for the sequence; undefined: nothing, since it is out of place. */
type Beginning = Pick<Attempt, 'compiled' | 'taken' | 'next'> & { readonly forgotten: Forgotten }

/** Who knocks, and when, makes no difference. */
const ANYBODY = parseAddress('0.0.0.0')!
const SOMEHOW = { time: 0 as Micros, order: 0, resolution: 0 as Micros, source: '', sport: undefined, seq: undefined, ipId: undefined, forwarded: false }

const NONE_FORGOTTEN: readonly Forgotten[] = []

/**
 * Addresses that have knocked once, and done nothing else since: the newest `maxAddresses` of them. Whoever goes on is taken from here, and
 * gets a trail.
 */
export class Newcomers {
  readonly #index: SequenceIndex
  readonly #packets: PacketColumns
  readonly #beginnings = new WeakMap<Compiled, Map<EventKey, Beginning | undefined>>()
  /** What was forgotten with the last one: it is the same with all that knocked as it did. */
  #last: { readonly knocks: Knocks; readonly key: EventKey; readonly forgotten: readonly Forgotten[] } | undefined

  constructor(index: SequenceIndex, maxAddresses: number, keys: AddressKeys) {
    this.#index = index
    this.#packets = new PacketColumns(maxAddresses, keys)
  }

  get size(): number {
    return this.#packets.size
  }

  has(address: Address): boolean {
    return this.#packets.has(address)
  }

  /** `knocks`: of a beginning. Answers the attempts of the one that it takes the place of. */
  add(packet: PacketEvent, key: number, order: number, knocks: Knocks): readonly Forgotten[] {
    const { oldest } = this.#packets
    const lost = oldest ? this.#forgotten(oldest.knocks, oldest.key) : NONE_FORGOTTEN
    this.#packets.add(packet, key, order, knocks)
    return lost
  }

  /** Its knock. */
  of(address: Address): Note[] {
    return this.#packets.of(address)
  }

  take(address: Address): Note[] {
    return this.#packets.take(address)
  }

  /** For a look at them, the newest first: without what they touched before they knocked. */
  * trails(): Iterable<Trail> {
    for (const { address, note } of this.#packets.newestFirst()) {
      const attempts = this.#begun(note.knocks, note.key).map(({ compiled, taken, next }): Attempt => ({ compiled, start: note, taken, next }))
      yield { ...newTrail(address), notes: [note], attempts }
    }
  }

  clear(): void {
    this.#packets.clear()
  }

  /** Of rules that are gone nothing is told any more. */
  rulesChanged(): void {
    this.#last = undefined
  }

  #forgotten(knocks: Knocks, key: EventKey): readonly Forgotten[] {
    if (this.#last?.knocks !== knocks || this.#last?.key !== key) {
      this.#last = { knocks, key, forgotten: this.#begun(knocks, key).map(({ forgotten: one }) => one) }
    }
    return this.#last.forgotten
  }

  #begun(knocks: Knocks, key: EventKey): Beginning[] {
    return knocks!.filter(({ rule }) => this.#index.holds(rule)).flatMap((compiled) => this.#beginning(compiled, key) ?? [])
  }

  /** Found out once for each demand: nothing else of a first knock matters to what it begins. */
  #beginning(compiled: Compiled, key: EventKey): Beginning | undefined {
    const demand = demandMetBy(compiled, key)!
    const known = this.#beginnings.get(compiled) ?? new Map<EventKey, Beginning | undefined>()
    if (!known.has(demand)) this.#beginnings.set(compiled, known.set(demand, begin(compiled, key)))
    return known.get(demand)
  }
}

function begin(compiled: Compiled, key: EventKey): Beginning | undefined {
  const note = newNote({ ...SOMEHOW, key }, { knocks: [compiled], drawnFrom: undefined })
  const trail: Trail = { ...newTrail(ANYBODY), notes: [note] }
  knock(trail, compiled, note, [])
  const attempt = attemptAt(trail, compiled)
  return attempt && { compiled, taken: attempt.taken, next: attempt.next, forgotten: forgotten(attempt) }
}
