import type { Address } from '../parsers/address.ts'
import type { Micros } from '../parsers/time.ts'
import { AttemptColumns } from './attempt-columns.ts'
import { attemptsOf } from './attempts.ts'
import type { Attempt } from './choice.ts'
import { FIRST_PLACES, grown, NONE, Places } from './columns.ts'
import type { Compiled } from './compile.ts'
import { NoteColumns } from './note-columns.ts'
import type { Note } from './note.ts'
import { newTrail, type Trail } from './trail.ts'

/** By slot: the places of a trail's first note and of its first attempt, and how many notes there may be, which 16 bits hold (`NOTES_PER_TRAIL`). */
const newSlotColumns = (places: number) => ({ notes: new Int32Array(places), attempts: new Int32Array(places), tidyAts: new Uint16Array(places) })
/** By place of a note: what only notes of trails have, and the place of the trail's next note. */
const newPlaceColumns = (places: number) => ({ lastCopies: new Float64Array(places), next: new Int32Array(places) })

/**
 * Trails of addresses from which nothing has come of late, as numbers: they take a fifth of the memory, and a garbage collector has nothing to
 * do with them. Read again they are what they were, so nobody can tell which ones sleep; only what finds copies sooner is made anew when it is needed.
 */
export class Sleepers {
  #slots = newSlotColumns(FIRST_PLACES)
  #places = newPlaceColumns(FIRST_PLACES)
  readonly #free = new Places()
  readonly #notes = new NoteColumns()
  readonly #attempts = new AttemptColumns()
  readonly #drawnFrom: Note['drawnFrom'][] = []
  /** By the places of notes; what few have. */
  readonly #requests = new Map<number, string>()
  readonly #usedBy = new Map<number, Compiled[]>()

  /** Nothing may lie in its slot. */
  put(trail: Trail): void {
    const { slot } = trail
    while (slot >= this.#slots.notes.length) this.#slots = grown(this.#slots, newSlotColumns, 2 * this.#slots.notes.length)
    let head = NONE
    for (let at = trail.notes.length - 1; at >= 0; at--) head = this.#add(trail.notes[at]!, head)
    this.#slots.notes[slot] = head
    this.#slots.attempts[slot] = this.#attempts.put(attemptsOf(trail))
    this.#slots.tidyAts[slot] = trail.tidyAt
  }

  read(slot: number, address: Address): Trail {
    const trail = newTrail(address, slot)
    for (let place = this.#slots.notes[slot]!; place !== NONE; place = this.#places.next[place]!) trail.notes.push(this.#note(place))
    if (this.#slots.attempts[slot] !== NONE) trail.attempts = this.attempts(slot)
    trail.tidyAt = this.#slots.tidyAts[slot]!
    return trail
  }

  attempts(slot: number): Attempt[] {
    return this.#attempts.read(this.#slots.attempts[slot]!)
  }

  /** Answers how many notes it had. */
  remove(slot: number): number {
    let count = 0
    for (let place = this.#slots.notes[slot]!; place !== NONE; place = this.#places.next[place]!) {
      this.#requests.delete(place)
      this.#usedBy.delete(place)
      this.#free.giveBack(place)
      count++
    }
    this.#attempts.giveBack(this.#slots.attempts[slot]!)
    return count
  }

  clear(): void {
    this.#free.clear()
    this.#attempts.clear()
    this.#requests.clear()
    this.#usedBy.clear()
  }

  #add(note: Note, behind: number): number {
    const place = this.#free.take()
    if (place === this.#places.next.length) this.#grow(2 * place)
    const { key, order, forwarded, knocks, drawnFrom, usedBy, lastCopy } = note
    this.#notes.put(place, note, typeof key === 'number' ? key : 0, order, forwarded, knocks)
    this.#drawnFrom[place] = drawnFrom
    if (typeof key === 'string') this.#requests.set(place, key)
    if (usedBy) this.#usedBy.set(place, usedBy)
    this.#places.lastCopies[place] = lastCopy
    this.#places.next[place] = behind
    return place
  }

  #note(place: number): Note {
    const note = this.#notes.note(place, this.#drawnFrom[place])
    note.lastCopy = this.#places.lastCopies[place] as Micros
    note.usedBy = this.#usedBy.get(place)
    const key = this.#requests.get(place)
    return key === undefined ? note : { ...note, key }
  }

  #grow(places: number): void {
    this.#places = grown(this.#places, newPlaceColumns, places)
    this.#notes.grow(places)
  }
}
