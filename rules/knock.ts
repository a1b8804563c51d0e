import type { ConnectionEvent, Packet, Request } from '../parsers/event.ts'
import type { Rule } from './rule.ts'

/** Whether that event counts at all: it came in, and it is the firewall's verdict on a packet, not a `match` rule's. */
export function isInbound(event: ConnectionEvent): boolean {
  return event.kind === 'request' || (event.dir !== 'out' && event.action !== 'match')
}

/** The limit of a rule that keeps an event from being a knock; `answer`: the server could not even read it. */
export type Beyond = 'from' | 'forwarded' | 'tcpflags' | 'interface' | 'target' | 'answer' | 'method' | 'status'

/** Whether an event that touches a step of the rule is a knock: within the rule's flags and limits. */
export function isKnock(event: ConnectionEvent, rule: Rule): boolean {
  return beyond(event, rule) === undefined
}

/** Why an event that touches a step of the rule is no knock; undefined: it is one. */
export function beyond(event: ConnectionEvent, rule: Rule): Beyond | undefined {
  const { from } = rule.limits
  if (from && !from.some((network) => network.contains(event.src))) return 'from'
  return event.kind === 'packet' ? packetBeyond(event, rule) : requestBeyond(event, rule)
}

function packetBeyond(packet: Packet, { flags, limits }: Rule): Beyond | undefined {
  if (packet.dir === 'forward' && !limits.forwarded) return 'forwarded'
  if (packet.proto === 'tcp' && !hasFlags(packet, flags.set, flags.clear)) return 'tcpflags'
  if (limits.interfaces && !(packet.iface !== undefined && limits.interfaces.includes(packet.iface))) return 'interface'
  if (limits.own && !limits.own.contains(packet.dst)) return 'target'
  return !limits.target || limits.target.some((network) => network.contains(packet.dst)) ? undefined : 'target'
}

function hasFlags({ flags }: Packet, set: number, clear: number): boolean {
  if (set === 0 && clear === 0) return true
  return flags !== undefined && (flags & set) === set && (flags & clear) === 0
}

/** What a server answers to what it could not read, over HTTP and Gemini: such a path is only what an attacker says. */
const BAD_REQUEST = { http: 400, gemini: 59 } as const

function requestBeyond(request: Request, { limits }: Rule): Beyond | undefined {
  // What a limit asks for and the log does not show is not given.
  if (limits.interfaces) return 'interface'
  if (limits.target) return 'target'
  if (request.status === BAD_REQUEST[request.proto]) return 'answer'
  if (limits.methods && !isByMethod(request, limits.methods)) return 'method'
  return !limits.status || (request.status !== undefined && limits.status.includes(request.status)) ? undefined : 'status'
}

function isByMethod({ proto, method, path }: Request, methods: readonly string[]): boolean {
  return proto === 'gemini' ? path.includes('?') : methods.includes(method)
}
