import type { ConnectionEvent, Packet, Request } from '../parsers/event.ts'
import type { Rule } from './rule.ts'

/** Whether that event counts at all: it came in, and it is the firewall's verdict on a packet, not a `match` rule's. */
export function isInbound(event: ConnectionEvent): boolean {
  return event.kind === 'request' || (event.dir !== 'out' && event.action !== 'match')
}

/** Whether an event that touches a step of the rule is a knock: within the rule's flags and limits. */
export function isKnock(event: ConnectionEvent, rule: Rule): boolean {
  const { from } = rule.limits
  if (from && !from.some((network) => network.contains(event.src))) return false
  return event.kind === 'packet' ? isPacketKnock(event, rule) : isRequestKnock(event, rule)
}

function isPacketKnock(packet: Packet, { flags, limits }: Rule): boolean {
  if (packet.dir === 'forward' && !limits.forwarded) return false
  if (packet.proto === 'tcp' && !hasFlags(packet, flags.set, flags.clear)) return false
  if (limits.interfaces && !(packet.iface !== undefined && limits.interfaces.includes(packet.iface))) return false
  if (limits.own && !limits.own.contains(packet.dst)) return false
  return !limits.target || limits.target.some((network) => network.contains(packet.dst))
}

function hasFlags({ flags }: Packet, set: number, clear: number): boolean {
  if (set === 0 && clear === 0) return true
  return flags !== undefined && (flags & set) === set && (flags & clear) === 0
}

/** What a server answers to what it could not read, over HTTP and Gemini: such a path is only what an attacker says. */
const BAD_REQUEST = { http: 400, gemini: 59 } as const

function isRequestKnock(request: Request, { limits }: Rule): boolean {
  // What a limit asks for and the log does not show is not given.
  if (limits.interfaces || limits.target) return false
  if (request.status === BAD_REQUEST[request.proto]) return false
  if (limits.methods && !isByMethod(request, limits.methods)) return false
  return !limits.status || (request.status !== undefined && limits.status.includes(request.status))
}

function isByMethod({ proto, method, path }: Request, methods: readonly string[]): boolean {
  return proto === 'gemini' ? path.includes('?') : methods.includes(method)
}
