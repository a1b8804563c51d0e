import type { ConnectionEvent } from '../parsers/event.ts'

/** What an event touched: a port with its protocol as a number, a request as `METHOD path`; undefined: neither. */
export type EventKey = number | string

const UDP = 0x10000

export function eventKey(event: ConnectionEvent): EventKey | undefined {
  if (event.kind === 'request') return `${event.method} ${event.path}`
  if (event.dport === undefined) return undefined
  return event.proto === 'tcp' ? event.dport : event.proto === 'udp' ? UDP + event.dport : undefined
}

export function portKey(proto: 'tcp' | 'udp', port: number): number {
  return proto === 'tcp' ? port : UDP + port
}

/** Of the key of a packet. */
export function isTcp(key: EventKey): boolean {
  return typeof key === 'number' && key < UDP
}

/** What a range of ports holds. */
export function isInRange(key: EventKey, proto: 'tcp' | 'udp', from: number, count: number): boolean {
  const first = portKey(proto, from)
  return typeof key === 'number' && key >= first && key < first + count
}

/** The port of a key that is one. */
export function portOf(key: EventKey): number | undefined {
  return typeof key === 'number' ? key % UDP : undefined
}

/** What a request asks for directly below that path, or as its query. */
export function below(key: EventKey, path: string): string | undefined {
  if (typeof key === 'number') return undefined
  const at = key.indexOf(' ') + 1
  const end = at + path.length
  return key.startsWith(path, at) && (key[end] === '/' || key[end] === '?') ? key.slice(end + 1) : undefined
}

/** `7000/tcp` or `GET /path`. */
export function keyText(key: EventKey): string {
  return typeof key === 'string' ? key : key < UDP ? `${key}/tcp` : `${key - UDP}/udp`
}
