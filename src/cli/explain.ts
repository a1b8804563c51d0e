import { parseAddress, type Address } from '../../parsers/address.ts'
import { machineClocks } from '../clocks.ts'
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

export interface ExplainOptions extends LogOptions {
  readonly config: string
  readonly stateDir?: string
  readonly json?: boolean
}

/** `knocktail explain ADDRESS`: its story, from logs, or without any from the daemon's history. Answers the exit code. */
export async function runExplain(text: string, specs: readonly string[], options: ExplainOptions): Promise<number> {
  const address = parseAddress(text)
  if (address === undefined) throw new KnocktailError('usage', `${quoted(text)} is no address: write 192.0.2.7 or 2001:db8::7`)
  const config = await loadConfig(options.config)
  return specs.length === 0 ? explainHistory(address, config, options) : explainLogs(address, specs, config, options)
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

/** What the daemon kept of it: what happened, not each knock. */
async function explainHistory(address: Address, config: Config, { stateDir, json }: ExplainOptions): Promise<number> {
  const filter = readFilter({ address }, machineClocks().wall())
  if ('fault' in filter) throw new KnocktailError('usage', filter.fault)
  const output = new Output()
  let told = 0
  for await (const record of readHistory(stateDir ?? config.stateDir, () => {})) {
    if (!filter.value(record)) continue
    told++
    output.line(json ? jsonLine(record) : `${record.time.slice(0, 23).replace('T', ' ')}Z  ${printable(record.text)}`)
    await output.flush()
  }
  if (told === 0) tell(`nothing has happened at a door because of ${address}: a log after the address tells each knock of it`)
  return told > 0 ? 0 : 1
}
