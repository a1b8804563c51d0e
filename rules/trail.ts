import type { Address } from '../parsers/address.ts'
import type { Micros } from '../parsers/time.ts'
import type { Attempt } from './choice.ts'
import type { EventKey } from './key.ts'
import { addNote, findOriginal, type NotesByPort } from './copies.ts'
import { precedes, type Moment, type Note } from './note.ts'

/** What is remembered of one address. */
export interface Trail {
  readonly address: Address
  /** Where it is kept; 0: nowhere. */
  readonly slot: number
  /** In event order. The oldest go first, so between two that are kept none is missing. */
  notes: Note[]
  /** Undefined as long as there is none: most addresses never begin one. */
  attempts: readonly Attempt[] | undefined
  /** The notes by source port, from the time on when looking through all of them is slow. */
  byPort: NotesByPort | undefined
  /** How many notes there may be before they are looked through. */
  tidyAt: number
}

export function newTrail(address: Address, slot = 0): Trail {
  return { address, slot, notes: [], attempts: undefined, byPort: undefined, tidyAt: MANY_NOTES }
}

/** The steps taken in the attempt that has come furthest. */
export function progressOf(trail: Trail): number {
  let most = 0
  if (trail.attempts) for (const { taken } of trail.attempts) most = Math.max(most, taken)
  return most
}

/** What is remembered of one address at the most. */
export interface Bounds {
  /** Notes: beyond twice as many, the oldest go until this many are left. */
  readonly notes: number
  /** Notes older than this against the newest go as soon as there are many. */
  readonly age: Micros
}

/** From here on it is worth the time to look for notes that are too old. */
const MANY_NOTES = 64

/** Puts a note into its place and keeps the trail within its bounds. */
function remember(trail: Trail, note: Note, bounds: Bounds): void {
  const { notes } = trail
  let at = notes.length
  while (at > 0 && precedes(note, notes[at - 1]!)) at--
  // An empty array that grows makes room for 17, and a flood is of addresses with one note each.
  if (notes.length === 0) trail.notes = [note]
  else if (at === notes.length) notes.push(note)
  else notes.splice(at, 0, note)
  if (trail.byPort) addNote(trail.byPort, note)
  if (trail.notes.length >= trail.tidyAt) tidy(trail, bounds)
}

function tidy(trail: Trail, { notes: limit, age }: Bounds): void {
  const { notes } = trail
  const oldest = notes.at(-1)!.time - age
  notes.splice(0, notes.findIndex(({ lastCopy }) => lastCopy >= oldest))
  if (notes.length > 2 * limit) dropRepeats(notes)
  if (notes.length > 2 * limit) notes.splice(0, notes.length - limit)
  trail.byPort = undefined
  trail.tidyAt = Math.max(MANY_NOTES, Math.min(2 * notes.length, 2 * limit + 1))
}

/**
 * Of the other ports touched between two knocks only the first and the last time each matters. Without this a
 * client that is logged a thousand times between two knocks would lose the first one.
 */
function dropRepeats(notes: Note[]): void {
  const kept = new Set<Note>()
  let run = new Map<EventKey, Note>()
  for (const note of notes) {
    if (note.knocks !== undefined) {
      for (const last of run.values()) kept.add(last)
      run = new Map()
      kept.add(note)
    } else {
      if (!run.has(note.key)) kept.add(note)
      run.set(note.key, note)
    }
  }
  for (const last of run.values()) kept.add(last)
  const left = notes.filter((note) => kept.has(note))
  notes.splice(0, notes.length, ...left)
}

/** (d): whether more than `limit` ports that are no step of any rule were touched between the two. */
export function exceedsOtherPorts(notes: readonly Note[], first: Moment, last: Moment, limit: number, forwarded: boolean): boolean {
  const ports = new Set<EventKey>()
  for (let at = notes.length - 1; at >= 0 && precedes(first, notes[at]!); at--) {
    const note = notes[at]!
    if (note.knocks !== undefined || (note.forwarded && !forwarded) || !precedes(note, last)) continue
    if (ports.add(note.key).size > limit) return true
  }
  return false
}

/** Whether it is new; of a copy only its time is remembered, with its original. */
export function takeIn(trail: Trail, note: Note, bounds: Bounds): boolean {
  const original = findOriginal(trail, note)
  if (original) original.lastCopy = Math.max(original.lastCopy, note.time) as Micros
  else remember(trail, note, bounds)
  return original === undefined
}
