import type { ConnectionEvent } from '../parsers/event.ts'
import type { Micros } from '../parsers/time.ts'
import type { Compiled } from './compile.ts'

/** What an event touched: a port with its protocol as a number, a request as `METHOD path`; undefined: neither. */
export type EventKey = number | string

const UDP = 0x10000

export function eventKey(event: ConnectionEvent): EventKey | undefined {
  if (event.kind === 'request') return `${event.method} ${event.path}`
  if (event.dport === undefined) return undefined
  return event.proto === 'tcp' ? event.dport : event.proto === 'udp' ? UDP + event.dport : undefined
}

export function portKey(proto: 'tcp' | 'udp', port: number): EventKey {
  return proto === 'tcp' ? port : UDP + port
}

/** `7000/tcp` or `GET /path`. */
export function keyText(key: EventKey): string {
  return typeof key === 'string' ? key : key < UDP ? `${key}/tcp` : `${key - UDP}/udp`
}

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
  readonly knocks: readonly Compiled[] | undefined
  /** The time of its last copy, or its own. */
  lastCopy: Micros
  /** The sequences that it helped to match. */
  usedBy: Compiled[] | undefined
  /** Another note with the same ports, remembered before it. */
  samePorts: Note | undefined
}

/** Event order: event time, ties by arrival. */
export function precedes(a: Note, b: Note): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order)
}

export function isUsed(note: Note, sequence: Compiled): boolean {
  return note.usedBy !== undefined && note.usedBy.includes(sequence)
}
