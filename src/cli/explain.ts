import { parseAddress, type Address } from '../../parsers/address.ts'
import { forPeople } from '../../parsers/time.ts'
import { machineClocks } from '../clocks.ts'
import { ask } from '../control/client.ts'
import type { Story } from '../control/controlled.ts'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/config.ts'
import { KnocktailError } from '../error.ts'
import { entryRecord, Timeline } from '../explain/timeline.ts'
import { Trace, type TraceEntry } from '../explain/trace.ts'
import { readFilter } from '../history/filter.ts'
import { readHistory } from '../history/read.ts'
import { jsonLine } from '../json-line.ts'
import { printable, quoted } from '../printable.ts'
import { mergeByTime } from '../sources/merge.ts'
import { openLogs, type LogOptions } from './logs.ts'
import { isReadable, summarizeLog } from './log-summary.ts'
import { Output, tell } from './output.ts'
import { storyLines } from './status-text.ts'

export interface ExplainOptions extends LogOptions {
  readonly config: string
  readonly stateDir?: string
  readonly runDir?: string
  readonly json?: boolean
}

/** `knocktail explain ADDRESS`: its story, from logs, or without any from the daemon and its history. Answers the exit code. */
export async function runExplain(text: string, specs: readonly string[], options: ExplainOptions): Promise<number> {
  const address = parseAddress(text)
  if (address === undefined) throw new KnocktailError('usage', `${quoted(text)} is no address: write 192.0.2.7 or 2001:db8::7`)
  const config = await loadConfig(options.config)
  return specs.length === 0 ? explainDaemon(address, config, options) : explainLogs(address, specs, config, options)
}

async function explainLogs(address: Address, specs: readonly string[], config: Config, options: ExplainOptions): Promise<number> {
  const { readers, progress } = await openLogs(specs, options, config.proxies)
  const trace = new Trace(config, address)
  const timeline = new Timeline(config, readers.length > 1)
  const output = new Output(progress.pause)
  let told = 0
  const print = (entry: TraceEntry): void => {
    told++
    for (const line of options.json ? [jsonLine(entryRecord(entry))] : timeline.lines(entry)) output.line(line)
  }
  for await (const events of mergeByTime(readers)) {
    for (const event of events) for (const entry of trace.read(event)) print(entry)
    await output.flush()
  }
  for (const entry of trace.finish()) print(entry)
  await output.flush()
  progress.stop()
  for (const line of readers.flatMap(summarizeLog)) tell(line)
  if (told === 0) tell(`no event of these logs is from ${address}: nothing of it was logged, or by another address (another family, a proxy, NAT)`)
  return told > 0 && readers.every(isReadable) ? 0 : 1
}

/** What the daemon kept of it, and what it remembers if it runs: what it did of late, how far it has come, what it holds. */
async function explainDaemon(address: Address, config: Config, options: ExplainOptions): Promise<number> {
  const output = new Output()
  const story = await storyOf(address, options.runDir ?? config.runDir)
  const kept = await linesOfHistory(address, options.stateDir ?? config.stateDir, options).catch((error: unknown) => {
    if (story === undefined || !(error instanceof KnocktailError)) throw error
    return []
  })
  const isTold = story !== undefined && story.knocks.length + story.grants.length + story.deaf.length > 0
  const lines = isTold ? (options.json ? [jsonLine({ ...story })] : ['as the running daemon remembers it:', ...storyLines(story)]) : []
  for (const line of [...kept, ...lines]) output.line(line)
  await output.flush()
  if (kept.length + lines.length > 0) return 0
  tell(`nothing has happened at a door because of ${address}: a log after the address tells each knock of it`)
  return 1
}

/** Undefined: no daemon runs, or we may not ask it. */
async function storyOf(address: Address, runDir: string): Promise<Story | undefined> {
  try {
    return ((await ask(runDir, 'story', { address })) as { readonly story: Story } & Record<string, unknown>).story
  } catch (error) {
    if (error instanceof KnocktailError) return undefined
    throw error
  }
}

async function linesOfHistory(address: Address, stateDir: string, { json }: ExplainOptions): Promise<string[]> {
  const filter = readFilter({ address }, machineClocks().wall())
  if ('fault' in filter) throw new KnocktailError('usage', filter.fault)
  const lines: string[] = []
  for await (const record of readHistory(stateDir, () => {})) {
    if (filter.value(record)) lines.push(json ? jsonLine(record) : `${forPeople(record.time)}  ${printable(record.text)}`)
  }
  return lines
}
