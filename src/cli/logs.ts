import type { Network } from '../../parsers/network.ts'
import { parseZone, UTC, type Zone } from '../../parsers/zone.ts'
import { KnocktailError } from '../error.ts'
import { quoted } from '../printable.ts'
import { loadDialect } from '../plug-in.ts'
import { openLogFile, type LogFile } from '../sources/log-file.ts'
import { openLogReader, type LogReader, type ReadOptions } from '../sources/log-reader.ts'
import type { Threads } from '../sources/segments/threads.ts'
import { cutSpec } from './log-spec.ts'
import { tell } from './output.ts'
import { startProgress, type Progress } from './progress.ts'

/** The options with which every command reads logs, and the threads that read big ones. */
export interface LogOptions {
  readonly threads: Threads
  readonly parser?: string
  readonly timezone?: string
  readonly year?: string
  readonly spans?: string
}

export interface OpenLogs {
  readonly readers: readonly LogReader[]
  readonly progress: Progress
}

/**
 * Opens the logs of a command line and tells what was found out about each; passes over empty ones. X-Forwarded-For counts from
 * `proxies`. Throws a KnocktailError.
 */
export async function openLogs(specs: readonly string[], options: LogOptions, proxies: readonly Network[] = []): Promise<OpenLogs> {
  const zone = options.timezone === undefined ? UTC : readZone(options.timezone)
  const plain = { zone, year: readYear(options.year), spans: readSpans(options.spans), proxies, threads: options.threads }
  const logs = await Promise.all(specs.map((spec) => readSpec(spec, options.parser)))
  if (logs.filter(({ path }) => path === '-').length > 1) throw new KnocktailError('usage', 'standard input (-) can be read only once')
  const files = await Promise.all(logs.map(({ path }) => openLogFile(path)))
  const progress = await startProgress(totalBytes(files))
  const readers: LogReader[] = []
  try {
    for (const [index, file] of files.entries()) {
      const reader = await openUnlessEmpty(file, { ...plain, parser: logs[index]!.parser }, progress, files.length > 1)
      if (reader) tellFacts(reader, options)
      if (reader) readers.push(reader)
    }
  } catch (error) {
    progress.stop()
    throw error
  }
  if (readers.length === 0) throw new KnocktailError('empty', 'no log has any line')
  return { readers, progress }
}

/** A log that was rotated just now is empty: that is no reason to read none of the others. */
async function openUnlessEmpty(file: LogFile, options: ReadOptions, progress: Progress, hasOthers: boolean): Promise<LogReader | undefined> {
  try {
    return await openLogReader(file, options, progress.add)
  } catch (error) {
    if (!hasOthers || !(error instanceof KnocktailError) || error.code !== 'empty') throw error
    tell(error.message)
    return undefined
  }
}

/** Undefined if one of them does not say. */
function totalBytes(files: readonly LogFile[]): number | undefined {
  return files.reduce<number | undefined>((sum, { bytes }) => (sum === undefined || bytes === undefined ? undefined : sum + bytes), 0)
}

/** --parser counts where the log's own is not named. */
async function readSpec(spec: string, parser: string | undefined): Promise<{ path: string; parser: ReadOptions['parser'] }> {
  const { parser: own, path } = cutSpec(spec)
  const name = own ?? parser
  const dialect = name === undefined ? undefined : await loadDialect(name)
  if (own !== undefined && path === '') throw new KnocktailError('usage', `${quoted(spec)} names no log: write parser=${own}:FILE`)
  return { path, parser: dialect }
}

function readZone(text: string): Zone {
  const zone = parseZone(text)
  if (!zone) throw new KnocktailError('usage', `${quoted(text)} is no time zone: write UTC, a name such as Europe/Berlin, or an offset such as +02:00`)
  return zone
}

function readYear(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^(?:19|20|21)\d\d$/.test(text)) throw new KnocktailError('usage', `${quoted(text)} is no year: write four digits, such as 2026`)
  return Number(text)
}

function readSpans(text: string | undefined): ReadOptions['spans'] {
  if (text === undefined || text === 'since-first' || text === 'since-previous') return text
  throw new KnocktailError('usage', `${quoted(text)} is neither since-first nor since-previous`)
}

function tellFacts({ file, facts }: LogReader, options: LogOptions): void {
  if (facts.detected) {
    const { understood, tried } = facts.detected
    tell(`${file.title}: read as ${facts.dialect.name} (${understood} of its first ${tried} lines; --parser says otherwise)`)
  }
  if (facts.zoneless && options.timezone === undefined) tell(`${file.title}: its stamps name no time zone and are read as UTC (--timezone says otherwise)`)
}
