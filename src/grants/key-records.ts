import type { Address } from '../../parsers/address.ts'
import type { Target, TargetId } from '../firewalls/target.ts'

/** A key that we have put into a firewall, or may have: it stands in the ledger from before the firewall is touched until its removal is confirmed. */
export interface KeyRecord {
  readonly id: TargetId
  readonly target: Target
  readonly address: Address
  /** It was there before us: nothing is undone. */
  readonly foreign: boolean
  /** What cannot be asked for twice was asked for, and whether it was done nobody knows: it is undone before it is asked for again. */
  readonly inDoubt: boolean
  /** Connections that stand are ended when it is removed. */
  readonly kill: boolean
}

/** The records of keys, found by key, by target or by address. */
export class KeyRecords {
  /** No target stands without a record. */
  readonly #records = new Map<TargetId, Map<Address, KeyRecord>>()

  of(id: TargetId): Iterable<KeyRecord> {
    return this.#records.get(id)?.values() ?? []
  }

  *all(): IterableIterator<KeyRecord> {
    for (const records of this.#records.values()) yield* records.values()
  }

  *targets(): IterableIterator<Pick<KeyRecord, 'id' | 'target'>> {
    for (const records of this.#records.values()) yield records.values().next().value!
  }

  /** At whatever targets. */
  *at(address: Address): IterableIterator<KeyRecord> {
    for (const records of this.#records.values()) {
      const record = records.get(address)
      if (record) yield record
    }
  }

  find(id: TargetId, address: Address): KeyRecord | undefined {
    return this.#records.get(id)?.get(address)
  }

  put(record: KeyRecord): void {
    const records = this.#records.get(record.id) ?? new Map<Address, KeyRecord>()
    this.#records.set(record.id, records.set(record.address, record))
  }

  delete(id: TargetId, address: Address): void {
    const records = this.#records.get(id)
    records?.delete(address)
    if (records?.size === 0) this.#records.delete(id)
  }
}
