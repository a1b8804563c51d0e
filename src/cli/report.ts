import { writeFileSync } from 'node:fs'
import { KnocktailError, reasonOf } from '../error.ts'
import { readHistory } from '../history/read.ts'
import { printable } from '../printable.ts'
import { Digesting } from '../report/digest.ts'
import { reportPage } from '../report/page.ts'
import { findHistory, tellSkipped, type HistoryPlace } from './history-wish.ts'

export interface ReportOptions extends HistoryPlace {
  readonly output?: string
}

/** `knocktail report`: the history as one page. Answers the exit code. */
export async function runReport(options: ReportOptions): Promise<number> {
  const { stateDir, isWanted } = await findHistory(options)
  const digesting = new Digesting()
  let skipped = 0
  for await (const record of readHistory(stateDir, () => skipped++)) if (isWanted(record)) digesting.read(record)
  tellSkipped(skipped)
  writeReport(digesting, `the history in ${stateDir}`, options.output)
  return 0
}

/** `path` undefined: to standard output. Throws a KnocktailError if it cannot be written. */
export function writeReport(digesting: Digesting, title: string, path: string | undefined): void {
  const page = reportPage(digesting.finish(), title)
  try {
    writeFileSync(path ?? 1, page)
  } catch (error) {
    throw new KnocktailError('failed', `${printable(path ?? 'standard output')} cannot be written: ${reasonOf(error)}`)
  }
}
