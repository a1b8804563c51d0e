import type { Address } from '../../parsers/address.ts'
import type { Target } from '../firewalls/target.ts'

/** What became of a key at a firewall. */
export type DoorEvent = { readonly target: Target; readonly address: Address } & (
  /** Confirmed by the firewall; `ms` after it was wanted. */
  | { readonly kind: 'opened' | 'renewed' | 'closed'; readonly ms: number }
  /** It was there before us: nothing is changed, and nothing will be undone. */
  | { readonly kind: 'foreign' }
  /** It cannot be there, whatever is tried. */
  | { readonly kind: 'unserved'; readonly why: string }
  /** Tried, and tried again after `retryMs`; undefined: not again. */
  | { readonly kind: 'failed'; readonly verb: Verb; readonly why: string; readonly retryMs: number | undefined }
  /** Somebody else removed it while its grant stands: it is put back. */
  | { readonly kind: 'vanished' }
  /** Somebody else's entry stands where ours was. */
  | { readonly kind: 'taken' }
  /** There with our mark and without a record of ours: it is closed. */
  | { readonly kind: 'restored' }
  /** There without a record of ours, where nothing bears a mark: left alone. */
  | { readonly kind: 'stray' }
)

/** What is asked of a firewall for one key. */
export type Verb = 'add' | 'renew' | 'remove' | 'kill'
