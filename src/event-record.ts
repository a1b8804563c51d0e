import { isIPv6, type Address } from '../parsers/address.ts'
import { flagNames, type ConnectionEvent } from '../parsers/event.ts'
import { formatTime } from '../parsers/time.ts'
import type { EventLine } from './sources/log-lines.ts'

/**
 * A line's event as `parse` prints it in JSON; what the log does not show is left out, except the time. `log`: which of
 * several logs it is from.
 */
export function eventRecord({ number, event, stamped }: EventLine, parser: string, log?: string): Record<string, unknown> {
  const time = stamped ? formatTime(event.time) : null
  const { proto, src } = event
  if (event.kind === 'request') return { line: number, time, proto, src, method: event.method, path: event.path, status: event.status, parser, log }
  const { sport, dst, dport, iface, dir, action } = event
  const flags = event.flags === undefined ? undefined : flagNames(event.flags)
  return { line: number, time, proto, src, sport, dst, dport, flags, iface, dir, action, parser, log }
}

/** The same for people, on one line. */
export function eventText({ number, event, stamped }: EventLine): string {
  const time = stamped ? formatTime(event.time).replace('T', ' ') : 'no time'.padEnd(27)
  return `${String(number).padStart(6)}  ${time}  ${event.proto.padEnd(5)} ${event.kind === 'request' ? requestText(event) : packetText(event)}`
}

function requestText({ src, method, path, status }: ConnectionEvent & { kind: 'request' }): string {
  return `${src}  ${method} ${path}${status === undefined ? '' : `  ${status}`}`
}

function packetText(packet: ConnectionEvent & { kind: 'packet' }): string {
  const flags = packet.flags === undefined ? undefined : flagNames(packet.flags).join(',') || 'no flags'
  const rest = [flags, packet.dir, packet.iface, packet.action].filter((part) => part !== undefined)
  const ends = `${endpoint(packet.src, packet.sport)} > ${endpoint(packet.dst, packet.dport)}`
  return rest.length === 0 ? ends : `${ends}  ${rest.join(' ')}`
}

function endpoint(address: Address, port: number | undefined): string {
  const host = isIPv6(address) && port !== undefined ? `[${address}]` : address
  return port === undefined ? host : `${host}:${port}`
}
