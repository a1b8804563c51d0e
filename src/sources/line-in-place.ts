import type { Reading } from '../../parsers/clock.ts'
import type { ConnectionEvent, Packet, Request } from '../../parsers/event.ts'
import { newLine, type EventLine, type LineMaker } from './log-lines.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
type EventOf<Kind> = Mutable<Extract<ConnectionEvent, { readonly kind: Kind }>>

/**
 * Makes lines that are good until the next is asked for, all of one source: of each kind there is one event, which is written over. To make and throw
 * away objects for each of millions of lines takes longer than what is done with them.
 */
export function lineInPlace(): LineMaker {
  const lines: { packet?: Mutable<EventLine>; request?: Mutable<EventLine> } = {}
  return (number, fields, reading, source, stamped) => {
    const line = lines[fields.kind]
    if (!line) return (lines[fields.kind] = newLine(number, fields, reading, source, stamped))
    line.number = number
    line.stamped = stamped
    const event: Mutable<Reading> = line.event
    event.time = reading.time
    event.resolution = reading.resolution
    if (fields.kind === 'packet') fillPacket(line.event as EventOf<'packet'>, fields)
    else fillRequest(line.event as EventOf<'request'>, fields)
    return line
  }
}

function fillPacket(event: EventOf<'packet'>, packet: Packet): void {
  event.proto = packet.proto
  event.src = packet.src
  event.dst = packet.dst
  event.sport = packet.sport
  event.dport = packet.dport
  event.flags = packet.flags
  event.seq = packet.seq
  event.ipId = packet.ipId
  event.iface = packet.iface
  event.dir = packet.dir
  event.action = packet.action
}

function fillRequest(event: EventOf<'request'>, request: Request): void {
  event.proto = request.proto
  event.src = request.src
  event.method = request.method
  event.path = request.path
  event.status = request.status
}
