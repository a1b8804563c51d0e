import type { Address } from '../../parsers/address.ts'
import type { Micros } from '../../parsers/time.ts'

/** What was knocked for, by whom, and when. */
export interface Knocked {
  readonly rule: string
  readonly user?: string | undefined
  readonly address: Address
  readonly time: Micros
}

/** A match of which something is still to come. */
export interface Pending extends Knocked {
  /** wanted: nothing was done for it yet. asked: a command that must not be run twice was asked for, and whether it was run nobody knows. */
  readonly stage: 'wanted' | 'asked'
}

/**
 * What stands between a match that is good once and what comes of it. It is in the ledger together with what the match has used up, so that a
 * crash takes nobody's code away without letting him in.
 */
export class InHand {
  readonly #pending = new Set<Pending>()

  add(pending: Pending): Pending {
    this.#pending.add(pending)
    return pending
  }

  delete(pending: Pending): void {
    this.#pending.delete(pending)
  }

  all(): Pending[] {
    return [...this.#pending]
  }
}
