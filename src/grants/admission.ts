import ipaddr from 'ipaddr.js'
import type { Address } from '../../parsers/address.ts'
import type { Network } from '../../parsers/network.ts'

/** Addresses that no packet from another host bears, or that stand for many hosts: nothing is ever opened for them. */
const NEVER_OPENED: ReadonlySet<string> = new Set(['unspecified', 'loopback', 'multicast', 'broadcast', 'linkLocal'])

/** Why an address gets no grant: it needs none, or it may have none. */
export type Refusal = { readonly kind: 'allowed' } | { readonly kind: 'refused'; readonly why: string }

/** Undefined if that address may have a grant. */
export function refusal(
  address: Address,
  lists: { readonly alwaysAllow: readonly Network[]; readonly neverOpen: readonly Network[]; readonly proxies: readonly Network[]; readonly own?: Pick<Network, 'contains'> },
): Refusal | undefined {
  if (lists.alwaysAllow.some((network) => network.contains(address))) return { kind: 'allowed' }
  const range = ipaddr.parse(address).range()
  if (NEVER_OPENED.has(range)) return { kind: 'refused', why: RANGE_NAMES[range] ?? range }
  if (lists.own?.contains(address)) return { kind: 'refused', why: "this host's own address" }
  if (lists.proxies.some((network) => network.contains(address))) return { kind: 'refused', why: 'a configured proxy' }
  const listed = lists.neverOpen.find((network) => network.contains(address))
  return listed && { kind: 'refused', why: `never_open ${listed.text}` }
}

const RANGE_NAMES: Readonly<Record<string, string>> = { linkLocal: 'link-local' }
