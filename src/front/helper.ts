import type { Address } from '../../parsers/address.ts'
import type { FirewallName } from '../config/firewalls.ts'
import type { Entry, Finding, Listing, Outcome } from '../firewalls/firewall.ts'
import type { TargetId } from '../firewalls/target.ts'

/** The privileged part as the front sees it: a process at the other end of a pipe, in tests a model. Nothing here rejects. */
export interface Helper {
  readonly add: (target: TargetId, entries: readonly Entry[]) => Promise<Outcome[]>
  readonly renew: (target: TargetId, entries: readonly Entry[]) => Promise<Outcome[]>
  readonly remove: (target: TargetId, addresses: readonly Address[]) => Promise<Outcome[]>
  readonly kill: (target: TargetId, address: Address) => Promise<Outcome>
  readonly list: (target: TargetId) => Promise<Listing>
  readonly check: (target: TargetId) => Promise<Finding[]>
  /** It crosses an entry of a one-time list out, and those before it. foreign: it is not among the unused ones any more. */
  readonly spend: (entry: string) => Promise<Outcome>
  /** done: it is there, and takes requests. */
  readonly ping: () => Promise<Outcome>
  /** It reads the configuration anew. */
  readonly reload: () => Promise<Outcome>
  /** It ends and closes nothing. */
  readonly leave: () => Promise<void>
}

/** What the helper says unasked. */
export interface HelperEvents {
  /** That firewall may have lost entries. */
  readonly changed: (firewall: FirewallName) => void
  readonly note: (text: string) => void
  /** It has ended, and not because it was asked to: nothing can be opened or closed until it was started again. */
  readonly ended: (why: string) => void
}
