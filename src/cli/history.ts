import picocolors from 'picocolors'
import { loadConfig } from '../config/load.ts'
import { DEFAULT_STATE_DIR } from '../config/parse.ts'
import { machineClocks } from '../clocks.ts'
import { KnocktailError } from '../error.ts'
import { readFilter, type HistoryWish } from '../history/filter.ts'
import { openToFollow, readHistory } from '../history/read.ts'
import type { HistoryRecord } from '../history/record.ts'
import { jsonLine } from '../json-line.ts'
import { printable } from '../printable.ts'
import { Output, tell } from './output.ts'

export interface HistoryOptions extends HistoryWish {
  readonly config?: string
  readonly stateDir?: string
  readonly follow?: boolean
  readonly json?: boolean
}

/** `knocktail history`: what happened, from the files in state_dir; no daemon is needed. Answers the exit code. */
export async function runHistory(options: HistoryOptions): Promise<number> {
  const stateDir = options.stateDir ?? (options.config === undefined ? DEFAULT_STATE_DIR : (await loadConfig(options.config)).stateDir)
  const filter = readFilter(options, machineClocks().wall())
  if ('fault' in filter) throw new KnocktailError('usage', filter.fault)
  const output = new Output()
  const print = async (record: HistoryRecord): Promise<void> => {
    if (!filter.value(record)) return
    output.line(options.json ? jsonLine(record) : lineOf(record))
    await output.flush()
  }
  const followed = options.follow ? await openToFollow(stateDir) : undefined
  await printPast(stateDir, followed?.past, print)
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())
  await followed?.follow(stopping.signal, print)
  return 0
}

async function printPast(stateDir: string, bytes: number | undefined, print: (record: HistoryRecord) => Promise<void>): Promise<void> {
  let skipped = 0
  for await (const record of readHistory(stateDir, () => skipped++, bytes)) await print(record)
  if (skipped > 0) tell(`${skipped} lines are no records of a history and were left out`)
}

/** Who came in, and what went wrong, stand out. */
const PAINT: Readonly<Record<string, (text: string) => string>> = {
  open: picocolors.green, extend: picocolors.green, failure: picocolors.yellow, scan: picocolors.yellow, refused: picocolors.yellow,
  'firewall-failed': picocolors.red, 'source-lost': picocolors.red, 'history-lost': picocolors.red,
}

function lineOf({ time, event, text }: HistoryRecord): string {
  const paint = process.stdout.isTTY ? PAINT[event] : undefined
  const told = printable(text)
  return `${time.slice(0, 23).replace('T', ' ')}Z  ${printable(event).padEnd(16)}  ${paint ? paint(told) : told}`
}
