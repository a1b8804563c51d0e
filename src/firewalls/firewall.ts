import type { Address } from '../../parsers/address.ts'
import type { FirewallName } from '../config/firewalls.ts'

/** How one operation on one key ended. Text says why, for people. */
export type Outcome =
  /** It is as asked, confirmed by the firewall. Removing what is not there is done, too. */
  | { readonly kind: 'done' }
  /** Only for `add`: it was there before, and is not ours: nothing was changed, and nothing may be undone. */
  | { readonly kind: 'foreign' }
  /** It cannot be there: no set for IPv6 is configured, say. Trying again is of no use. */
  | { readonly kind: 'unserved'; readonly why: string }
  /** Trying again may help. isUnasked: there was nobody to be asked, so it was not done. */
  | { readonly kind: 'failed'; readonly why: string; readonly isUnasked?: true }

/** An entry that a firewall was found to hold at a target. */
export interface Listed {
  readonly address: Address
  /** Until the firewall ends it by itself, whole seconds, rounded up; undefined: never. */
  readonly seconds: number | undefined
  /** It bears our mark. Where entries can bear none, everything at the target counts as `unmarked`. */
  readonly mark: 'ours' | 'foreign' | 'unmarked'
}

export type Listing = { readonly kind: 'listed'; readonly entries: readonly Listed[] } | { readonly kind: 'failed'; readonly why: string }

/** Something about the machine that keeps a target from working, with the command or edit that mends it. */
export interface Finding {
  readonly severity: 'error' | 'warning'
  readonly message: string
}

export interface Entry {
  readonly address: Address
  /** How long from now, whole seconds of at least 1. */
  readonly seconds: number
}

/**
 * What each kind of firewall is like. expires: its entries end by themselves. lists: it can tell what it holds.
 * repeats: adding what is there already does no harm, so an entry may be asserted again.
 * marks: an entry shows that it is ours, so that a second `add` cannot take ours for somebody else's.
 * atOnce: as many entries as go into one command, so that a look at the firewall serves for many; fewer where it has to be told one by
 * one, since all of them must end before the front gives the answers up.
 */
export interface Traits {
  readonly expires: boolean
  readonly lists: boolean
  readonly repeats: boolean
  readonly marks: boolean
  readonly atOnce: number
}

export const TRAITS: Readonly<Record<FirewallName, Traits>> = {
  nftables: { expires: true, lists: true, repeats: true, marks: true, atOnce: 1000 },
  pf: { expires: false, lists: true, repeats: true, marks: false, atOnce: 1000 },
  ufw: { expires: false, lists: true, repeats: true, marks: true, atOnce: 20 },
  iptables: { expires: false, lists: true, repeats: true, marks: true, atOnce: 1000 },
  ipset: { expires: true, lists: true, repeats: true, marks: false, atOnce: 1000 },
  firewalld: { expires: true, lists: true, repeats: true, marks: false, atOnce: 50 },
  'hosts.allow': { expires: false, lists: true, repeats: true, marks: true, atOnce: 1000 },
  command: { expires: false, lists: false, repeats: false, marks: false, atOnce: 20 },
  null: { expires: false, lists: false, repeats: true, marks: true, atOnce: 1000 },
}

/**
 * One target of a firewall, open for work. Operations on one target never run at the same time: whoever holds it
 * sees to that. Every method takes many addresses, so that the firewall is asked once; outcomes are in their order.
 */
export interface Firewall {
  /** Begins what makes the first use quicker, where there is such a thing. */
  readonly begin?: () => void
  /** Makes entries that are not ours yet. */
  readonly add: (entries: readonly Entry[]) => Promise<Outcome[]>
  /** Makes entries that are ours last as long as given from now, longer or shorter, also if they have vanished. */
  readonly renew: (entries: readonly Entry[]) => Promise<Outcome[]>
  /** Takes away entries that are ours; where entries show whose they are, somebody else's stays, and counts as done. */
  readonly remove: (addresses: readonly Address[]) => Promise<Outcome[]>
  readonly list: () => Promise<Listing>
  /** What keeps this target from working on this machine; empty: nothing was found. */
  readonly check: () => Promise<Finding[]>
  /** Ends the established flows of that address to the target's ports, where the firewall can. */
  readonly kill: (address: Address) => Promise<Outcome>
}
