import type { Address } from '../../parsers/address.ts'
import type { Micros } from '../../parsers/time.ts'
import type { DoorRule } from '../config/config.ts'
import { ExpiryQueue } from './expiry.ts'

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
  /** Also those that were extended or closed since: only what stands expires. */
  readonly #expiries = new ExpiryQueue<Grant>()

  /** Opens, or extends what stands: never beyond max_open from the first open, and never to an earlier time. */
  open(door: DoorRule, address: Address, time: Micros): { readonly extended: boolean; readonly grant: Grant } {
    const key = keyOf(door, address)
    const before = this.#standing.get(key)
    const openedAt = before?.openedAt ?? time
    const wanted = Math.min(time + door.opens.openFor, openedAt + door.opens.maxOpen)
    const grant: Grant = { door, address, openedAt, until: Math.max(before?.until ?? 0, wanted) as Micros }
    this.#standing.set(key, grant)
    this.#expiries.add(grant, grant.until)
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
    const expired: Grant[] = []
    for (let grant = this.#expiries.take(now); grant; grant = this.#expiries.take(now)) {
      if (this.#standing.get(keyOf(grant.door, grant.address)) !== grant) continue
      this.#standing.delete(keyOf(grant.door, grant.address))
      expired.push(grant)
    }
    return expired
  }
}

function keyOf(door: DoorRule, address: Address): string {
  return `${address} ${door.match.name}`
}
