import type { Micros } from '../parsers/time.ts'
import { FIRST_PLACES, grown } from './columns.ts'
import { newNote, type Note } from './note.ts'
import { Origins } from './origins.ts'

/** What a packet and a note of it show alike. */
type Shown = Pick<Note, 'time' | 'resolution' | 'source' | 'sport' | 'seq' | 'ipId'>

const FORWARDED = 1
const HAS_SPORT = 2
const HAS_SEQ = 4
const HAS_IP_ID = 8

const newColumns = (places: number) => ({
  times: new Float64Array(places), orders: new Float64Array(places), keys: new Uint32Array(places), seqs: new Uint32Array(places),
  sports: new Uint16Array(places), ipIds: new Uint16Array(places), origins: new Uint32Array(places), shown: new Uint8Array(places),
})

/** Notes of packets as numbers: a third of the memory. */
export class NoteColumns {
  #columns = newColumns(FIRST_PLACES)
  readonly #origins = new Origins()
  /** Empty as long as none has any. */
  readonly #knocks: Note['knocks'][] = []

  put(place: number, packet: Shown, key: number, order: number, forwarded: boolean, knocks: Note['knocks']): void {
    const { time, sport, seq, ipId } = packet
    const { times, orders, keys, seqs, sports, ipIds, origins, shown } = this.#columns
    if (knocks || this.#knocks.length > 0) this.#knocks[place] = knocks
    origins[place] = this.#origins.numberOf(packet)
    times[place] = time
    orders[place] = order
    keys[place] = key
    seqs[place] = seq ?? 0
    sports[place] = sport ?? 0
    ipIds[place] = ipId ?? 0
    shown[place] = (forwarded ? FORWARDED : 0) | (sport === undefined ? 0 : HAS_SPORT) | (seq === undefined ? 0 : HAS_SEQ) | (ipId === undefined ? 0 : HAS_IP_ID)
  }

  note(place: number, drawnFrom?: Note['drawnFrom']): Note {
    const { times, orders, keys, seqs, sports, ipIds, origins, shown } = this.#columns
    const has = shown[place]!
    return newNote({
      time: times[place] as Micros,
      order: orders[place]!,
      ...this.#origins.at(origins[place]!),
      key: keys[place]!,
      sport: has & HAS_SPORT ? sports[place] : undefined,
      seq: has & HAS_SEQ ? seqs[place] : undefined,
      ipId: has & HAS_IP_ID ? ipIds[place] : undefined,
      forwarded: (has & FORWARDED) !== 0,
    }, { knocks: this.#knocks[place], drawnFrom })
  }

  key(place: number): number {
    return this.#columns.keys[place]!
  }

  knocks(place: number): Note['knocks'] {
    return this.#knocks[place]
  }

  order(place: number): number {
    return this.#columns.orders[place]!
  }

  grow(places: number): void {
    this.#columns = grown(this.#columns, newColumns, places)
  }
}
