import { writeFileSync } from 'node:fs'
import { machineClocks } from '../clocks.ts'
import { loadConfig } from '../config/load.ts'
import { DEFAULT_STATE_DIR } from '../config/parse.ts'
import { KnocktailError, reasonOf } from '../error.ts'
import { readFilter, type HistoryWish } from '../history/filter.ts'
import { readHistory } from '../history/read.ts'
import { printable } from '../printable.ts'
import { Digesting } from '../report/digest.ts'
import { reportPage } from '../report/page.ts'
import { tell } from './output.ts'

export interface ReportOptions extends HistoryWish {
  readonly config?: string
  readonly stateDir?: string
  readonly output?: string
}

/** `knocktail report`: the history as one page. Answers the exit code. */
export async function runReport(options: ReportOptions): Promise<number> {
  const stateDir = options.stateDir ?? (options.config === undefined ? DEFAULT_STATE_DIR : (await loadConfig(options.config)).stateDir)
  const filter = readFilter(options, machineClocks().wall())
  if ('fault' in filter) throw new KnocktailError('usage', filter.fault)
  const digesting = new Digesting()
  let skipped = 0
  for await (const record of readHistory(stateDir, () => skipped++)) if (filter.value(record)) digesting.read(record)
  if (skipped > 0) tell(`${skipped} lines are no records of a history and were left out`)
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
