import { KnocktailError, reasonOf } from '../error.ts'
import type { Ledger, LedgerFound } from '../grants/ledger.ts'
import type { LedgerState } from '../grants/ledger-text.ts'
import { ledgerLogEvents } from '../log/disk-events.ts'
import type { Prepared } from './prepare.ts'

/** What is no ledger is kept under another name. Throws a KnocktailError if there can be none at all. */
export async function openLedger({ ledger, log }: Pick<Prepared, 'ledger' | 'log'>): Promise<LedgerState | undefined> {
  if (!ledger) return undefined
  const { state, keptAside } = await findLedger(ledger)
  for (const path of keptAside) log.write(ledgerLogEvents.damaged(path))
  return state
}

/** Throws a KnocktailError if there can be no ledger at all. */
export async function findLedger(ledger: Pick<Ledger, 'open'>): Promise<LedgerFound> {
  try {
    return await ledger.open()
  } catch (error) {
    throw new KnocktailError('failed', `the ledger cannot be opened: ${reasonOf(error)}: state_dir and what is in it must belong to the daemon's user`)
  }
}
