import { findDialect } from '../../parsers/dialects.ts'
import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ParseContext } from '../../parsers/parser.ts'
import { SECOND, type Micros } from '../../parsers/time.ts'
import { parseZone } from '../../parsers/zone.ts'
import { eventRecord } from '../../src/event-record.ts'
import { jsonLine } from '../../src/json-line.ts'
import { openLogFile } from '../../src/sources/log-file.ts'
import { openLogReader, type LogReader } from '../../src/sources/log-reader.ts'

const FOLDER = fileURLToPath(new URL('../../samples/formats/', import.meta.url))

/** The first line of an expectation: how the log is to be read. */
export interface Reading {
  readonly parser: string
  readonly timezone: string
  /** The file's own time, from which missing years are found. */
  readonly written: string
  readonly spans?: ParseContext['spans']
}

/** One line of a log, as its expectation says it: an event, or why there is none. */
export interface Expected {
  readonly line: number
  readonly reason?: string
  readonly src?: string
  /** null: the line does not say. */
  readonly time?: string | null
}

export interface Sample {
  /** `kernel/kmsg`. */
  readonly name: string
  readonly dialect: string
  readonly log: string
  readonly expectation: string
}

/** Every log below samples/formats. */
export const SAMPLES: readonly Sample[] = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name: dialect }) => readdirSync(FOLDER + dialect)
    .filter((file) => file.endsWith('.log'))
    .map((file) => sampleOf(dialect, basename(file, '.log'))))

function sampleOf(dialect: string, name: string): Sample {
  const path = `${FOLDER}${dialect}/${name}`
  return { name: `${dialect}/${name}`, dialect, log: `${path}.log`, expectation: `${path}.jsonl` }
}

/** The lines of a log, numbered from 1 by their place; empty ones are lines too. */
export function logLines(sample: Sample): string[] {
  return readFileSync(sample.log, 'latin1').replace(/\n$/, '').split('\n')
}

/** The first line of the expectation. */
export function readingOf(sample: Sample): Reading {
  return JSON.parse(expectationLines(sample)[0]!) as Reading
}

/** What the expectation says of each line that is not empty. */
export function expectedOf(sample: Sample): Expected[] {
  return expectationLines(sample).slice(1).map((line) => JSON.parse(line) as Expected)
}

function expectationLines(sample: Sample): string[] {
  return readFileSync(sample.expectation, 'utf8').trimEnd().split('\n')
}

/** The log opened as the commands open it, but for the file's time, which no repository keeps. */
export async function openSample(sample: Sample, { parser, timezone, written, spans }: Reading): Promise<LogReader> {
  const file = { ...await openLogFile(sample.log), written: (Date.parse(written) / 1000 * SECOND) as Micros }
  return openLogReader(file, { parser: findDialect(parser), zone: parseZone(timezone)!, year: undefined, spans })
}

/** What `knocktail parse --json` prints of the log, with a reason for each line that it does not print. */
export async function readSample(sample: Sample, reading: Reading): Promise<string[]> {
  const reader = await openSample(sample, reading)
  const printed: string[] = []
  for await (const batch of reader.batches()) {
    for (const line of batch) {
      printed.push(jsonLine(line.event ? eventRecord(line, reader.facts.dialect.name) : { line: line.number, reason: line.reason }))
    }
  }
  return printed
}
