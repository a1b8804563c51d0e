import { printable } from '../printable.ts'
import type { SourceStats } from '../sources/source.ts'
import type { LogEvent } from './event.ts'

/** What sources tell, as the log has it. */
export const sourceLogEvents = {
  running: (source: string): LogEvent => ({ level: 'info', event: 'source-running', text: `source ${source} is being followed`, facts: { source } }),
  suspended: (source: string, why: string, retryMs: number | undefined): LogEvent => ({
    level: 'error', event: 'source-suspended',
    text: `source ${source} cannot be followed: ${why}; ${retryMs === undefined ? 'it is not tried again' : `again in ${retryMs / 1000} s`}`,
    facts: { source, why, retryMs },
  }),
  lost: (source: string, lines: number, why: string): LogEvent => ({
    level: 'warn', event: 'source-lost', text: `source ${source}: ${lines} lines were lost: ${why}`, facts: { source, lines },
  }),
  note: (source: string, text: string): LogEvent => ({ level: 'warn', event: 'source-note', text: `source ${source}: ${text}`, facts: { source } }),
  stale: (source: string, seconds: number): LogEvent => ({
    level: 'warn', event: 'source-stale',
    text: `source ${source}: a line is ${Math.abs(seconds)} s ${seconds > 0 ? 'old' : 'ahead'} as it is written and counts for nothing: is its timezone, or the clock, right?`,
    facts: { source, seconds },
  }),
  forgeable: (source: string, why: string): LogEvent => ({
    level: 'warn', event: 'source-forgeable', text: `source ${source} can be forged: ${why}`, facts: { source },
  }),
  counters: (source: string, { lines, events, lost, bytes, restarts, reasons }: SourceStats, stale: number): LogEvent => ({
    level: 'info', event: 'counters',
    text: `source ${source}: ${lines} lines, ${events} events, ${lost} lost, ${stale} stale, ${restarts} restarts${reasonsText(reasons)}`,
    facts: { source, lines, events, lost, stale, bytes, restarts, ...Object.fromEntries([...reasons].map(([reason, count]) => [`no-${reason}`, count])) },
  }),
} as const

function reasonsText(reasons: SourceStats['reasons']): string {
  return [...reasons].map(([reason, count]) => `, ${count} ${printable(reason)}`).join('')
}
