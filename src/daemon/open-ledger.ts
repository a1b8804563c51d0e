import { KnocktailError, reasonOf } from '../error.ts'
import type { LedgerState } from '../grants/ledger-text.ts'
import { ledgerLogEvents } from '../log/disk-events.ts'
import type { Prepared } from './prepare.ts'

/** What is no ledger is kept under another name. Throws a KnocktailError if there can be none at all. */
export async function openLedger({ ledger, log }: Pick<Prepared, 'ledger' | 'log'>): Promise<LedgerState | undefined> {
  if (!ledger) return undefined
  try {
    const { state, keptAside } = await ledger.open()
    for (const path of keptAside) log.write(ledgerLogEvents.damaged(path))
    return state
  } catch (error) {
    throw new KnocktailError('failed', `the ledger cannot be opened: ${reasonOf(error)}`)
  }
}
