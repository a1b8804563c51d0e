import type { Address } from '../../parsers/address.ts'
import type { Target, TargetId } from '../firewalls/target.ts'

/** A key that we have put into a firewall, or may have: it stands in the ledger from before the firewall is touched until its removal is confirmed. */
export interface KeyRecord {
  readonly id: TargetId
  readonly target: Target
  readonly address: Address
  /** It was there before us: nothing is undone. */
  readonly foreign: boolean
  /** Connections that stand are ended when it is removed. */
  readonly kill: boolean
}

/** The records of keys, found by key. */
export class KeyRecords {
  readonly #records = new Map<string, KeyRecord>()

  all(): IterableIterator<KeyRecord> {
    return this.#records.values()
  }

  find(id: TargetId, address: Address): KeyRecord | undefined {
    return this.#records.get(`${id} ${address}`)
  }

  put(record: KeyRecord): void {
    this.#records.set(`${record.id} ${record.address}`, record)
  }

  delete(id: TargetId, address: Address): void {
    this.#records.delete(`${id} ${address}`)
  }
}
