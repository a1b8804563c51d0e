import { reasonOf } from '../error.ts'
import type { LogEvent } from './event.ts'

/** Undefined: the history can be written again. */
export function historyState(problem: unknown): LogEvent {
  if (problem === undefined) return { level: 'info', event: 'history-recovered', text: 'the history can be written again', facts: {} }
  return { level: 'error', event: 'history-refused', text: `the history cannot be written: ${reasonOf(problem)}: what happens meanwhile is missing in it`, facts: {} }
}

/** What is told of the ledger. */
export const ledgerLogEvents = {
  /** Undefined: it can be written again. */
  state: (problem: unknown): LogEvent => (problem === undefined
    ? { level: 'info', event: 'ledger-recovered', text: 'the ledger can be written again', facts: {} }
    : { level: 'error', event: 'ledger-refused', text: `the ledger cannot be written: ${reasonOf(problem)}: only doors that close by themselves are opened`, facts: {} }),
  damaged: (path: string): LogEvent => ({
    level: 'error', event: 'ledger-damaged', text: `the ledger was damaged, or is not ours: it is kept as ${path}, and a new one is begun`, facts: { path },
  }),
} as const
