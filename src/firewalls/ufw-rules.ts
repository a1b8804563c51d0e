import { parseAddress, type Address } from '../../parsers/address.ts'
import type { OpenPort } from '../config/config.ts'
import { admitted, readRules } from './iptables-rules.ts'

/** One of the user's rules, as ufw keeps it in user.rules and user6.rules: a `### tuple ###` line (backend_iptables.py). */
export interface UfwRule {
  /** `allow`, `deny`, `reject`, `limit`, each perhaps with `_log` or `_log-all`. */
  readonly action: string
  readonly proto: string
  readonly ports: string
  readonly destination: string
  readonly sourcePorts: string
  readonly source: string
  /** `in`, `out`, `in_eth0` ... */
  readonly direction: string
  /** An application profile says the ports. */
  readonly isProfile: boolean
  readonly comment: string | undefined
}

const TUPLE = /^### tuple ### (\S+) (\S+) (\S+) (\S+) (\S+) (\S+)((?: \S+)?(?: \S+)?) ((?:in|out)\S*)(?: comment=([0-9a-f]*))?\s*$/

export function readUfwRules(text: string): UfwRule[] {
  return text.split('\n').flatMap((line) => {
    const [, action, proto, ports, destination, sourcePorts, source, profiles, direction, comment] = TUPLE.exec(line) ?? []
    if (action === undefined) return []
    return [{
      action, proto: proto!, ports: ports!, destination: destination!, sourcePorts: sourcePorts!, source: source!,
      direction: direction!, isProfile: profiles !== '', comment: comment === undefined ? undefined : Buffer.from(comment, 'hex').toString(),
    }]
  })
}

const ANYWHERE: ReadonlySet<string> = new Set(['0.0.0.0/0', '::/0'])

/** The address that a rule is about, if ufw takes it for the same as one of ours, whatever it does: of two such it keeps one. */
export function sameAsOurs(rule: UfwRule, { proto, port }: OpenPort): Address | undefined {
  if (rule.direction !== 'in' || rule.isProfile || rule.proto !== proto || rule.ports !== String(port)) return undefined
  return ANYWHERE.has(rule.destination) && rule.sourcePorts === 'any' ? parseAddress(rule.source) : undefined
}

/** Whether a rule decides for everybody who comes to that port. */
export function decidesForAll(rule: UfwRule, { proto, port }: OpenPort): boolean {
  if (rule.direction !== 'in' || !ANYWHERE.has(rule.source) || !ANYWHERE.has(rule.destination) || rule.sourcePorts !== 'any') return false
  return (rule.proto === 'any' || rule.proto === proto) && (rule.ports === 'any' || rule.ports.split(',').some((range) => {
    const [first, last = first] = range.split(':').map(Number)
    return first! <= port && port <= last!
  }))
}

/** ufw's files end so; one that does not was cut, and loading it fails half-way. */
export function isWhole(text: string): boolean {
  return text.trimEnd().endsWith('\nCOMMIT')
}

/** How many rules let each address in to that port: in a file of ufw's as in what `iptables -S` prints. */
export function countAdmitted(text: string, port: OpenPort): Map<Address, number> {
  const counts = new Map<Address, number>()
  for (const rule of readRules(text)) {
    const address = /^ufw6?-user-input$/.test(rule.chain) ? admitted(rule, port) : undefined
    if (address !== undefined) counts.set(address, (counts.get(address) ?? 0) + 1)
  }
  return counts
}
