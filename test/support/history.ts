import { parseAddress, type Address } from '../../parsers/address.ts'
import { FLAG_BITS, packet, type ConnectionEvent, type Port, type TcpFlags } from '../../parsers/event.ts'
import type { Micros } from '../../parsers/time.ts'
import type { Rule, Sequence, Step } from '../../rules/rule.ts'

/** Histories written by hand: events and rules with everything left out that a test does not care for. */

export const A = parseAddress('192.0.2.2')!
export const B = parseAddress('198.51.100.7')!

export function ms(milliseconds: number): Micros {
  return Math.round(milliseconds * 1000) as Micros
}

export interface EventParts {
  src?: Address
  port?: number
  proto?: 'tcp' | 'udp'
  path?: string
  status?: number
  sport?: number
  flags?: number
  seq?: number
  ipId?: number
  dir?: 'in' | 'out' | 'forward'
  action?: string
  iface?: string
  dst?: Address
  source?: string
  resolution?: Micros
}

let nextSport = 0

/** A SYN to `port` (or a request for `path`) at `atMs`, from a source port of its own unless one is given. */
export function event(atMs: number, parts: EventParts): ConnectionEvent {
  const place = { time: ms(atMs), resolution: parts.resolution ?? (1 as Micros), source: parts.source ?? 'log' }
  const src = parts.src ?? A
  if (parts.path !== undefined) {
    return { kind: 'request', proto: 'http', src, method: 'GET', path: parts.path, status: parts.status, ...place }
  }
  nextSport = (nextSport + 1) % 50_000
  const fields = packet({
    proto: parts.proto ?? 'tcp', src, dst: parts.dst ?? parseAddress('192.0.2.1')!,
    sport: (parts.sport ?? 10_000 + nextSport) as Port, dport: parts.port as Port,
    flags: (parts.flags ?? FLAG_BITS.SYN) as TcpFlags, seq: parts.seq, ipId: parts.ipId,
    iface: parts.iface, dir: parts.dir ?? 'in', action: parts.action,
  })
  return { ...fields, ...place }
}

/** Knocks on those ports, `gapMs` apart. */
export function knocks(ports: readonly number[], gapMs = 400, parts: EventParts = {}): ConnectionEvent[] {
  return ports.map((port, index) => event(index * gapMs, { ...parts, port }))
}

export function portSteps(...ports: (number | string)[]): Step[] {
  return ports.map((text) => {
    const [port, proto = 'tcp'] = String(text).split(':')
    return String(text).startsWith('/')
      ? { kind: 'request', method: 'GET', path: String(text) }
      : { kind: 'port', proto: proto as 'tcp' | 'udp', port: Number(port) as Port }
  })
}

export interface RuleParts extends Partial<Omit<Rule, 'limits'>> {
  limits?: Partial<Rule['limits']>
}

/** A static rule: strict, 25 s, three other ports, SYN without ACK. */
export function staticRule(steps: readonly Step[], parts: RuleParts = {}): Rule {
  const sequences: Sequence[] = [{ id: 'static', user: undefined, steps }]
  return {
    name: 'ssh', sequencesAt: () => sequences, seqTimeout: ms(25_000), reorder: 0 as Micros, otherPorts: 3,
    flags: { set: FLAG_BITS.SYN, clear: FLAG_BITS.ACK }, secret: false, ...parts,
    limits: { target: undefined, interfaces: undefined, from: undefined, status: undefined, methods: undefined, forwarded: false, ...parts.limits },
  }
}
