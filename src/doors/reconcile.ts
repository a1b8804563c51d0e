import type { Address } from '../../parsers/address.ts'
import type { Micros } from '../../parsers/time.ts'
import type { Listed } from '../firewalls/firewall.ts'

/** One of our keys at a target, as the ledger knows it. */
export interface HeldKey {
  readonly address: Address
  /** It was there before us. */
  readonly foreign: boolean
  /** Until when it should be there, by the boot clock; undefined: it should not. */
  readonly deadline: Micros | undefined
}

/** What must be done, or told, so that a target holds what it should. */
export interface Difference {
  /** Should be there and is not. */
  readonly vanished: readonly Address[]
  /** Is there for another time than it should be. */
  readonly misdated: readonly Address[]
  /** Is there, ours, and should not be. */
  readonly overdue: readonly Address[]
  /** Is not there any more, and should not be: it can be forgotten. */
  readonly gone: readonly Address[]
  /** Was ours, and now somebody else's entry stands in its place. */
  readonly taken: readonly Address[]
  /** Somebody else's entry that stood there is gone, and ours is wanted. */
  readonly freed: readonly Address[]
  /** There with our mark, though we know nothing of it: a saved ruleset was loaded, or the ledger was lost. */
  readonly restored: readonly Address[]
  /** There at a target that bears no marks, though we know nothing of it: never adopted, never removed. */
  readonly strays: readonly Address[]
}

/** A listing tells whole seconds, and takes a moment. */
const TOLERANCE = 2_500_000

export function difference(held: readonly HeldKey[], listed: readonly Listed[], now: Micros): Difference {
  const entries = new Map(listed.map((entry) => [entry.address, entry]))
  const known = new Set(held.map(({ address }) => address))
  const states = held.filter(({ foreign }) => !foreign).map((key) => ({ address: key.address, state: stateOf(key, entries.get(key.address), now) }))
  const unknown = listed.filter(({ address }) => !known.has(address))
  const inState = (wanted: State): Address[] => states.filter(({ state }) => state === wanted).map(({ address }) => address)
  return {
    vanished: inState('vanished'),
    misdated: inState('misdated'),
    overdue: inState('overdue'),
    gone: inState('gone'),
    taken: inState('taken'),
    freed: held.filter(({ address, foreign, deadline }) => foreign && deadline !== undefined && !entries.has(address)).map(({ address }) => address),
    restored: unknown.filter(({ mark }) => mark === 'ours').map(({ address }) => address),
    strays: unknown.filter(({ mark }) => mark === 'unmarked').map(({ address }) => address),
  }
}

type State = 'right' | 'vanished' | 'misdated' | 'overdue' | 'gone' | 'taken'

function stateOf({ deadline }: HeldKey, entry: Listed | undefined, now: Micros): State {
  if (!entry) return deadline === undefined ? 'gone' : 'vanished'
  if (entry.mark === 'foreign') return 'taken'
  if (deadline === undefined) return 'overdue'
  if (entry.seconds === undefined) return 'right'
  return Math.abs(now + entry.seconds * 1e6 - deadline) > TOLERANCE ? 'misdated' : 'right'
}
