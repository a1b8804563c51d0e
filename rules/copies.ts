import { SECOND, type Micros } from '../parsers/time.ts'
import { isTcp } from './key.ts'
import type { Note } from './note.ts'

/** A SYN is sent again for about a minute: after 1, 3, 7, 15, 31 and 63 s (RFC 6298, Linux tcp_syn_retries 6). */
export const COPY_WINDOW = (65 * SECOND) as Micros
/** How far two sources may differ in what they say of one packet, beside their stamps' resolution. */
const SOURCE_SKEW = SECOND

/** The notes of one address by their source port: the last one of each, linked to those before it. */
export type NotesByPort = Map<number, Note>

/** So few notes are looked through one by one. */
const FEW_NOTES = 8

interface Noted {
  readonly notes: readonly Note[]
  byPort: NotesByPort | undefined
}

/** The note of which that one would be a copy, or undefined. Requests have no copies. */
export function findOriginal(noted: Noted, copy: Note): Note | undefined {
  if (copy.sport === undefined) return undefined
  if (noted.notes.length <= FEW_NOTES) return noted.notes.find((note) => isCopy(note, copy))
  noted.byPort ??= sortByPort(noted.notes)
  let note = noted.byPort.get(copy.sport)
  while (note && !isCopy(note, copy)) note = note.samePort
  return note
}

/** As if they had been added one by one: in reading order. */
function sortByPort(notes: readonly Note[]): NotesByPort {
  const byPort: NotesByPort = new Map()
  for (const note of notes.toSorted((a, b) => a.order - b.order)) addNote(byPort, note)
  return byPort
}

export function addNote(byPort: NotesByPort, note: Note): void {
  if (note.sport === undefined) return
  note.samePort = byPort.get(note.sport)
  byPort.set(note.sport, note)
}

function isCopy(note: Note, copy: Note): boolean {
  if (note.key !== copy.key || note.sport !== copy.sport) return false
  return isTcp(copy.key) ? isTcpCopy(note, copy) : isUdpCopy(note, copy)
}

/** The same ports again while a lost SYN would still be sent again; another sequence number is another connection. */
function isTcpCopy(note: Note, { seq, time }: Note): boolean {
  const differs = note.seq !== undefined && seq !== undefined && note.seq !== seq
  return !differs && time - note.lastCopy < COPY_WINDOW && note.time - time < COPY_WINDOW
}

/** Datagrams are not sent again: only the same one, logged twice. Many systems send 0 for every IP id (RFC 6864). */
function isUdpCopy(note: Note, { time, ipId, resolution, source }: Note): boolean {
  const apart = Math.abs(time - note.time)
  if (apart === 0) return true
  if (ipId && note.ipId) return ipId === note.ipId && apart < COPY_WINDOW
  const skew = SOURCE_SKEW + Math.max(note.resolution, resolution)
  return note.source !== source && apart <= skew
}
