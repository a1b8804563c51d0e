import picocolors from 'picocolors'
import { forPeople } from '../../parsers/time.ts'
import { openToFollow, readHistory } from '../history/read.ts'
import type { HistoryRecord } from '../history/record.ts'
import { jsonLine } from '../json-line.ts'
import { printable } from '../printable.ts'
import { findHistory, tellSkipped, type HistoryPlace } from './history-wish.ts'
import { Output } from './output.ts'

export interface HistoryOptions extends HistoryPlace {
  readonly follow?: boolean
  readonly json?: boolean
}

/** `knocktail history`: what happened, from the files in state_dir; no daemon is needed. Answers the exit code. */
export async function runHistory(options: HistoryOptions): Promise<number> {
  const { stateDir, isWanted } = await findHistory(options)
  const output = new Output()
  const print = async (record: HistoryRecord): Promise<void> => {
    if (!isWanted(record)) return
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
  tellSkipped(skipped)
}

/** Who came in, and what went wrong, stand out. */
const PAINT: Readonly<Record<string, (text: string) => string>> = {
  open: picocolors.green, extend: picocolors.green, failure: picocolors.yellow, scan: picocolors.yellow, refused: picocolors.yellow,
  'firewall-failed': picocolors.red, 'source-lost': picocolors.red, 'history-lost': picocolors.red,
}

function lineOf({ time, event, text }: HistoryRecord): string {
  const paint = process.stdout.isTTY ? PAINT[event] : undefined
  const told = printable(text)
  return `${forPeople(time)}  ${printable(event).padEnd(16)}  ${paint ? paint(told) : told}`
}
