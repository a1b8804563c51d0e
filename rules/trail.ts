import type { Address } from '../parsers/address.ts'
import type { ConnectionEvent } from '../parsers/event.ts'
import { SECOND, type Micros } from '../parsers/time.ts'
import type { Compiled } from './compile.ts'
import type { EventKey } from './key.ts'
import { precedes, type Note } from './note.ts'

/** A SYN is sent again for about a minute: after 1, 3, 7, 15, 31 and 63 s (RFC 6298, Linux tcp_syn_retries 6). */
const COPY_WINDOW = (65 * SECOND) as Micros
/** How far two sources may differ in what they say of one packet, beside their stamps' resolution. */
const SOURCE_SKEW = SECOND

/** How far one address has come in one sequence. */
export interface Attempt {
  readonly start: Note
  readonly taken: number
}

/** What is remembered of one address. */
export interface Trail {
  readonly address: Address
  /** In event order. The oldest go first, so between two that are kept none is missing. */
  readonly notes: Note[]
  readonly attempts: Map<Compiled, Attempt>
  /** The progress by which it was last sorted in. */
  rank: number
  /** The last note of each pair of ports, from the time on when looking through all notes is slow. */
  byPorts: Map<number, Note> | undefined
}

export function newTrail(address: Address): Trail {
  return { address, notes: [], attempts: new Map(), rank: 0, byPorts: undefined }
}

/** The steps taken in the attempt that has come furthest. */
export function progressOf(trail: Trail): number {
  let most = 0
  for (const { taken } of trail.attempts.values()) most = Math.max(most, taken)
  return most
}

/** Puts a note into its place; beyond twice `limit` notes, forgets the oldest until `limit` are left. */
export function remember(trail: Trail, note: Note, limit: number): void {
  const { notes } = trail
  let at = notes.length
  while (at > 0 && precedes(note, notes[at - 1]!)) at--
  if (at === notes.length) notes.push(note)
  else notes.splice(at, 0, note)
  if (trail.byPorts) link(trail.byPorts, note)
  if (notes.length <= 2 * limit) return
  trail.byPorts = undefined
  dropRepeats(notes)
  if (notes.length > limit) notes.splice(0, notes.length - limit)
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

/** The packet of which the event is a copy, or undefined. Requests have no copies. */
export function findOriginal(trail: Trail, event: ConnectionEvent, key: EventKey): Note | undefined {
  if (event.kind === 'request' || event.sport === undefined) return undefined
  if (trail.notes.length <= FEW) return trail.notes.find((note) => hasPorts(note, event.sport, key) && isCopy(note, event))
  trail.byPorts ??= linkAll(trail.notes)
  let note = trail.byPorts.get(portsOf(event.sport, key))
  while (note && !isCopy(note, event)) note = note.samePorts
  return note
}

const FEW = 8

function hasPorts(note: Note, sport: number | undefined, key: EventKey): boolean {
  return note.key === key && note.sport === sport
}

function portsOf(sport: number, key: EventKey): number {
  return sport * 0x20000 + Number(key)
}

function linkAll(notes: readonly Note[]): Map<number, Note> {
  const byPorts = new Map<number, Note>()
  for (const note of notes) link(byPorts, note)
  return byPorts
}

function link(byPorts: Map<number, Note>, note: Note): void {
  if (note.sport === undefined) return
  const ports = portsOf(note.sport, note.key)
  note.samePorts = byPorts.get(ports)
  byPorts.set(ports, note)
}

function isCopy(note: Note, event: ConnectionEvent & { kind: 'packet' }): boolean {
  return event.proto === 'tcp' ? isTcpCopy(note, event.seq, event.time) : isUdpCopy(note, event, event.ipId)
}

/** The same ports again while a lost SYN would still be sent again; another sequence number is another connection. */
function isTcpCopy(note: Note, seq: number | undefined, time: Micros): boolean {
  const differs = note.seq !== undefined && seq !== undefined && note.seq !== seq
  return !differs && time - note.lastCopy < COPY_WINDOW && note.time - time < COPY_WINDOW
}

/** Datagrams are not sent again: only the same one, logged twice. Many systems send 0 for every IP id (RFC 6864). */
function isUdpCopy(note: Note, event: ConnectionEvent, ipId: number | undefined): boolean {
  const apart = Math.abs(event.time - note.time)
  if (apart === 0) return true
  if (ipId && note.ipId) return ipId === note.ipId && apart < COPY_WINDOW
  const skew = SOURCE_SKEW + Math.max(note.resolution, event.resolution)
  return note.source !== event.source && apart <= skew
}

/** (d): whether more than `limit` ports that are no step of any rule were touched between the two. */
export function exceedsOtherPorts(notes: readonly Note[], first: Note, last: Note, limit: number, forwarded: boolean): boolean {
  const ports = new Set<EventKey>()
  for (let at = notes.length - 1; at >= 0 && precedes(first, notes[at]!); at--) {
    const note = notes[at]!
    if (note.knocks !== undefined || (note.forwarded && !forwarded) || !precedes(note, last)) continue
    if (ports.add(note.key).size > limit) return true
  }
  return false
}
