import { machineClocks } from '../clocks.ts'
import { loadConfig } from '../config/load.ts'
import { DEFAULT_STATE_DIR } from '../config/parse.ts'
import { KnocktailError } from '../error.ts'
import { readFilter, type HistoryFilter, type HistoryWish } from '../history/filter.ts'
import { tell } from './output.ts'

/** Where a history is, and what of it is wanted. */
export interface HistoryPlace extends HistoryWish {
  readonly config?: string
  readonly stateDir?: string
}

/** Throws a KnocktailError if the wish cannot be understood, or the configuration cannot be read. */
export async function findHistory({ config, stateDir, ...wish }: HistoryPlace): Promise<{ readonly stateDir: string; readonly isWanted: HistoryFilter }> {
  const folder = stateDir ?? (config === undefined ? DEFAULT_STATE_DIR : (await loadConfig(config)).stateDir)
  const filter = readFilter(wish, machineClocks().wall())
  if ('fault' in filter) throw new KnocktailError('usage', filter.fault)
  return { stateDir: folder, isWanted: filter.value }
}

export function tellSkipped(lines: number): void {
  if (lines > 0) tell(`${lines} lines are no records of a history and were left out`)
}
