import type { ConnectionEvent } from '../parsers/event.ts'
import type { Micros } from '../parsers/time.ts'
import type { Compiled } from './compile.ts'
import type { EventKey } from './key.ts'
import type { Rule } from './rule.ts'

/** One event of one address, as it is remembered. */
export interface Note {
  readonly time: Micros
  /** Its place in reading order. */
  readonly order: number
  readonly resolution: Micros
  readonly source: string
  readonly key: EventKey
  readonly sport: number | undefined
  readonly seq: number | undefined
  readonly ipId: number | undefined
  readonly forwarded: boolean
  /** The sequences for which it is a knock; undefined: its port is no step of any rule. */
  knocks: readonly Compiled[] | undefined
  /** The rules from whose range its port is, and within whose limits it came: they may have drawn it for this address. */
  readonly drawnFrom: readonly Rule[] | undefined
  /** The time of its last copy, or its own. */
  lastCopy: Micros
  /** The sequences that it helped to match. */
  usedBy: Compiled[] | undefined
  /** The note with the same source port that was remembered before it. */
  samePort: Note | undefined
}

/** What an event counts for. */
export type Touched = Pick<Note, 'knocks' | 'drawnFrom'>

/** Where and when something was touched. */
type Seen = Pick<Note, 'time' | 'order' | 'resolution' | 'source' | 'key' | 'sport' | 'seq' | 'ipId' | 'forwarded'>

/** Written out: every note has the same shape, and the matcher's speed rests on it. */
export function newNote({ time, order, resolution, source, key, sport, seq, ipId, forwarded }: Seen, { knocks, drawnFrom }: Touched): Note {
  return { time, order, resolution, source, key, sport, seq, ipId, forwarded, knocks, drawnFrom, lastCopy: time, usedBy: undefined, samePort: undefined }
}

/** A place in event order. */
export type Moment = Pick<Note, 'time' | 'order'>

/** Event order: event time, ties by arrival. */
export function precedes(a: Moment, b: Moment): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order)
}

export function isUsed(note: Note, sequence: Compiled): boolean {
  return note.usedBy !== undefined && note.usedBy.includes(sequence)
}

/** Its port is no step of any rule. */
export function isPassing({ knocks, drawnFrom }: Touched): boolean {
  return knocks === undefined && drawnFrom === undefined
}

/** It can complete nothing by itself. */
export function isBeginning({ knocks, drawnFrom }: Touched): boolean {
  return drawnFrom === undefined && knocks !== undefined && knocks.every(({ demands, rule }) => demands.length > 1 && rule.window === undefined)
}

/** What is remembered of an event. */
export function noteOf(event: ConnectionEvent, key: EventKey, touched: Touched, order: number): Note {
  const { time, resolution, source } = event
  const { sport, seq, ipId } = event.kind === 'packet' ? event : NO_PACKET
  return newNote({ time, order, resolution, source, key, sport, seq, ipId, forwarded: event.kind === 'packet' && event.dir === 'forward' }, touched)
}

const NO_PACKET = { sport: undefined, seq: undefined, ipId: undefined }
