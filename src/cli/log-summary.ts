import { REASONS } from '../../parsers/reason.ts'
import { count } from '../count.ts'
import type { LogReader } from '../sources/log-reader.ts'

/** How the reading of one log went, for people: how much was understood, and why the rest was not. */
export function summarizeLog({ file, facts, report }: LogReader): string[] {
  const share = report.lines === 0 ? 0 : (report.events / report.lines) * 100
  const lines = [`${file.title}: ${count(report.lines, 'line')}, ${report.events} understood (${share.toFixed(share > 0 && share < 1 ? 2 : 0)} %)`]
  const reasons = [...report.reasons].toSorted(([, a], [, b]) => b - a)
  for (const [reason, lineCount] of reasons) lines.push(`  ${String(lineCount).padStart(8)}  ${REASONS[reason]}`)
  if (report.flagless > 0) lines.push(`  ${count(report.flagless, 'TCP packet')} without flags: such knock only by rules with tcpflags = any`)
  if (report.unfinished) lines.push(`  its last line has no newline: it may be cut short`)
  if (report.events === 0) lines.push(`  nothing in it was understood as ${facts.dialect.name}: name the right one with --parser`)
  if (report.problem) lines.push(`  ${report.problem.message}`)
  return lines
}

/** Whether that log was of any use, and read to its end. */
export function isReadable({ report }: LogReader): boolean {
  return report.events > 0 && report.problem === undefined
}
