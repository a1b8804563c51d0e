import { loadConfig } from '../config/load.ts'
import { happeningRecord, type Happening } from '../happening.ts'
import { jsonLine } from '../json-line.ts'
import { Replay } from '../replay.ts'
import { mergeByTime } from '../sources/merge.ts'
import { openLogs, type LogOptions } from './logs.ts'
import { isReadable, summarizeLog } from './log-summary.ts'
import { Output, tell } from './output.ts'
import { summarizeRules } from './rule-summary.ts'
import { Digesting, type ReportRecord } from '../report/digest.ts'
import { happeningText, tellHappening } from '../story.ts'

export interface ReplayOptions extends LogOptions {
  readonly config: string
  readonly json?: boolean
  /** A page is written there too. */
  readonly report?: string
}

/** `knocktail replay`: what the doors would have done, by the logs' own time. Answers the exit code. */
export async function runReplay(specs: readonly string[], options: ReplayOptions): Promise<number> {
  const config = await loadConfig(options.config)
  const { readers, progress } = await openLogs(specs, options, config.proxies)
  const replay = new Replay(config)
  const output = new Output(progress.pause)
  const digesting = new Digesting()
  const print = (happening: Happening): void => {
    if (options.report !== undefined) digesting.read({ ...happeningRecord(happening), text: happeningText(happening, config) } as ReportRecord)
    output.line(options.json ? jsonLine(happeningRecord(happening)) : tellHappening(happening, config))
  }
  for await (const events of mergeByTime(readers)) {
    for (const event of events) for (const happening of replay.read(event)) print(happening)
    await output.flush()
  }
  for (const happening of replay.finish()) print(happening)
  await output.flush()
  progress.stop()
  if (options.report !== undefined) (await import('./report.ts')).writeReport(digesting, `what would have happened by ${specs.join(', ')}`, options.report)
  for (const line of [...readers.flatMap(summarizeLog), ...summarizeRules(replay.pipeline.tally)]) tell(line)
  return readers.every(isReadable) ? 0 : 1
}
