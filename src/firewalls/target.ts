import { createHash } from 'node:crypto'
import type { Address } from '../../parsers/address.ts'
import type { OpenPort } from '../config/config.ts'
import type { FirewallName } from '../config/firewalls.ts'

/**
 * A place of one firewall where entries for addresses are made, as plain data: all that is needed to undo an entry,
 * whatever the configuration says by then. It is JSON.
 */
export interface Target {
  readonly firewall: FirewallName
  /** The configuration's words for that firewall: `set4`, `table`, `daemons` ... */
  readonly settings: Readonly<Record<string, readonly string[]>>
  /** Where an entry is one port's: ufw, iptables, firewalld, sets of `address . proto . service`. */
  readonly port?: OpenPort
  /** Where an entry opens all that the admin's rule lets it: the ports that are meant, by which flows are found. */
  readonly ports?: readonly OpenPort[]
  /** Where an entry is one rule's: command. */
  readonly rule?: string
  /** And one user's of it. */
  readonly user?: string
  readonly commands?: TargetCommands
}

/** As in the configuration: undefined: IPv4's serves; empty: nothing is run. */
export interface TargetCommands {
  readonly start: string
  readonly stop?: string
  readonly start6?: string
  readonly stop6?: string
  /** For %PORT% and %PROTO%: the rule's first port. */
  readonly port?: OpenPort
}

declare const brand: unique symbol

/** Names a target in the helper's grammar, in the ledger and in logs: `nftables.0f3c62a18b5d7e94`. Equal targets, equal ids. */
export type TargetId = string & { readonly [brand]: 'TargetId' }

const TARGET_ID = /^[a-z][a-z.]{0,15}\.[0-9a-f]{16}$/

const known = new WeakMap<Target, TargetId>()

export function targetId(target: Target): TargetId {
  const id = known.get(target) ?? digestId(target)
  known.set(target, id)
  return id
}

function digestId(target: Target): TargetId {
  const digest = createHash('sha256').update(canonical(target)).digest('hex').slice(0, 16)
  return `${target.firewall}.${digest}` as TargetId
}

export function parseTargetId(text: string): TargetId | undefined {
  return TARGET_ID.test(text) ? (text as TargetId) : undefined
}

/** The ports that an entry there opens, as far as the configuration says. */
export function portsOf({ port, ports }: Target): readonly OpenPort[] {
  return port ? [port] : (ports ?? [])
}

/** JSON with its keys in order at every depth. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).filter(([, item]) => item !== undefined).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join()}}`
}

/** What a firewall stores for grants: an address at a target. */
export interface Key {
  readonly target: TargetId
  readonly address: Address
}
