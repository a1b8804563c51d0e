import type { Address } from '../../parsers/address.ts'
import type { Micros } from '../../parsers/time.ts'
import type { DoorRule } from '../config/config.ts'

/** The permission that one address holds by one rule until a time. */
export interface Grant {
  readonly door: DoorRule
  readonly address: Address
  readonly openedAt: Micros
  readonly until: Micros
}

/** The grants that stand: at most one per rule and address. Kept in memory; time is whatever the caller says. */
export class Grants {
  readonly #standing = new Map<string, Grant>()
  #nextExpiry = Number.POSITIVE_INFINITY

  /** Opens, or extends what stands: never beyond max_open from the first open, and never to an earlier time. */
  open(door: DoorRule, address: Address, time: Micros): { readonly extended: boolean; readonly grant: Grant } {
    const key = keyOf(door, address)
    const before = this.#standing.get(key)
    const openedAt = before?.openedAt ?? time
    const wanted = Math.min(time + door.opens.openFor, openedAt + door.opens.maxOpen)
    const grant: Grant = { door, address, openedAt, until: Math.max(before?.until ?? 0, wanted) as Micros }
    this.#standing.set(key, grant)
    this.#nextExpiry = Math.min(this.#nextExpiry, grant.until)
    return { extended: before !== undefined, grant }
  }

  /** Ends a grant before its time; undefined if there is none. */
  close(door: DoorRule, address: Address): Grant | undefined {
    const grant = this.#standing.get(keyOf(door, address))
    this.#standing.delete(keyOf(door, address))
    return grant
  }

  /** Ends the grants whose time has come, the earliest first. */
  expire(now: Micros): Grant[] {
    if (now < this.#nextExpiry) return []
    const expired = [...this.#standing.values()].filter(({ until }) => until <= now).toSorted((a, b) => a.until - b.until)
    for (const { door, address } of expired) this.#standing.delete(keyOf(door, address))
    this.#nextExpiry = Math.min(Number.POSITIVE_INFINITY, ...[...this.#standing.values()].map(({ until }) => until))
    return expired
  }
}

function keyOf(door: DoorRule, address: Address): string {
  return `${address} ${door.match.name}`
}
