import type { Network } from '../../parsers/network.ts'
import type { Secret } from '../../rules/derive/secret.ts'
import type { OpenPort } from '../config/config.ts'
import type { PortRange } from './ports.ts'

/** How people knock. static: the same ports every time; hmac: by Knocktail's client; totp: with a code of an authenticator app. */
export const KNOCK_KINDS = ['hmac', 'totp', 'static'] as const
export type KnockKind = (typeof KNOCK_KINDS)[number]

/** Firewalls that `init` writes rules for. */
export const DOOR_FIREWALLS = ['nftables', 'ufw', 'iptables', 'pf'] as const
export type DoorFirewall = (typeof DOOR_FIREWALLS)[number]

/** All that the files of a setup are made of. */
export interface Plan {
  /** The name of the rule, and of the client's profile. */
  readonly rule: string
  readonly port: OpenPort
  readonly firewall: DoorFirewall
  /** As the key `follow` has it. */
  readonly follow: string
  readonly prefix: string
  readonly alwaysAllow: readonly Network[]
  /** The admin can come in without the network. */
  readonly hasConsole: boolean
  /** As clients reach it. */
  readonly host: string
  readonly hostId: string
  readonly user: string
  readonly knock: Knock
  /** Where the files are written. */
  readonly folder: string
  /** Where they are to stand in the end, and what they say of each other's place. */
  readonly place: string
}

export type Knock =
  | { readonly kind: 'static'; readonly ports: readonly number[] }
  | { readonly kind: 'hmac'; readonly range: PortRange; readonly knocks: number; readonly secret: Secret }
  | { readonly kind: 'totp'; readonly ports: readonly number[]; readonly bases: readonly PortRange[]; readonly secret: Secret }

/** The ports that the firewall must log: those that may be knocked on. */
export function knockPorts(knock: Knock): PortRange[] {
  const single = (ports: readonly number[]): PortRange[] => ports.map((port) => ({ low: port, high: port }))
  switch (knock.kind) {
    case 'static': return single(knock.ports)
    case 'hmac': return [knock.range]
    case 'totp': return [...single(knock.ports), ...knock.bases]
  }
}

/** `22,1000-1999` with the signs that a firewall wants. */
export function rangesText(ranges: readonly PortRange[], dash: string, comma: string): string {
  return ranges.map(({ low, high }) => (low === high ? `${low}` : `${low}${dash}${high}`)).join(comma)
}

export function portText({ port, proto }: OpenPort): string {
  return `${port}/${proto}`
}
