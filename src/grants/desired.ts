import type { Address } from '../../parsers/address.ts'
import type { Micros } from '../../parsers/time.ts'
import { targetId, type Target, type TargetId } from '../firewalls/target.ts'
import type { Grant, GrantWatcher } from './grants.ts'

/** A key as the firewalls should hold it. */
export interface DesiredKey {
  readonly target: Target
  readonly id: TargetId
  readonly address: Address
  readonly kill: boolean
}

/**
 * What the firewalls should hold: the state of a key is the latest deadline of all grants on it, so closing one grant
 * never removes what another still holds.
 */
export class Desired implements GrantWatcher {
  readonly #holders = new Map<TargetId, Map<Address, Set<Grant>>>()
  readonly #touched: (key: DesiredKey) => void

  /** `touched` is called for every key whose state may have changed. */
  constructor(touched: (key: DesiredKey) => void) {
    this.#touched = touched
  }

  stands(grant: Grant, before: Grant | undefined): void {
    if (before) this.#release(before)
    for (const target of grant.targets) this.#holdersOf(targetId(target), grant.address).add(grant)
    // What only the one before held (its targets may be others after a reload) is no longer desired.
    for (const target of [...grant.targets, ...(before?.targets ?? [])]) this.#touch(target, grant)
  }

  ended(grant: Grant): void {
    this.#release(grant)
    for (const target of grant.targets) this.#touch(target, grant)
  }

  /** By the boot clock; undefined: the key should not be there. */
  deadline(id: TargetId, address: Address): Micros | undefined {
    const holders = this.#holders.get(id)?.get(address)
    if (!holders) return undefined
    let latest = Number.NEGATIVE_INFINITY
    for (const { deadline } of holders) latest = Math.max(latest, deadline)
    return latest as Micros
  }

  #touch(target: Target, { address, kill }: Grant): void {
    this.#touched({ target, id: targetId(target), address, kill })
  }

  #release(grant: Grant): void {
    for (const target of grant.targets) {
      const id = targetId(target)
      const addresses = this.#holders.get(id)
      const holders = addresses?.get(grant.address)
      holders?.delete(grant)
      if (holders?.size === 0) addresses?.delete(grant.address)
      if (addresses?.size === 0) this.#holders.delete(id)
    }
  }

  #holdersOf(id: TargetId, address: Address): Set<Grant> {
    const addresses = this.#holders.get(id) ?? new Map<Address, Set<Grant>>()
    const holders = addresses.get(address) ?? new Set<Grant>()
    this.#holders.set(id, addresses.set(address, holders))
    return holders
  }
}
