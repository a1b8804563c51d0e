import type { ConnectionEvent } from '../parsers/event.ts'

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
