import { findDialect, parseLine } from '../../parsers/dialects.ts'
import { flagNames, type Fields } from '../../parsers/event.ts'
import { DEFAULT_CONTEXT, isParsed, type Outcome } from '../../parsers/parser.ts'
import { expectedOf, logLines, SAMPLES, type Sample } from './samples.ts'

/** A line of the samples that shows an event. */
export interface EventLine {
  readonly sample: string
  readonly text: string
  readonly fields: Fields
  /** Parses any text as this line was parsed. */
  readonly parse: (text: string) => Outcome
}

/** The lines of a dialect's samples: those that show an event, and those that show none. */
export interface DialectLines {
  readonly events: readonly EventLine[]
  readonly refused: readonly string[]
}

export function linesOf(dialect: string): DialectLines {
  const samples = SAMPLES.filter((sample) => sample.dialect === dialect)
  return { events: samples.flatMap(eventLines), refused: samples.flatMap(refusedLines) }
}

function eventLines(sample: Sample): EventLine[] {
  const dialect = findDialect(sample.dialect)!
  const lines = logLines(sample)
  const events = expectedOf(sample).filter(({ reason }) => reason === undefined)
  const parse = (text: string): Outcome => parseLine(dialect, text, DEFAULT_CONTEXT)
  return events.map(({ line }) => {
    const text = lines[line - 1]!
    const outcome = parse(text)
    if (!isParsed(outcome)) throw new Error(`${sample.name}:${line} gives no event`)
    return { sample: sample.name, text, fields: outcome.fields, parse }
  })
}

function refusedLines(sample: Sample): string[] {
  const lines = logLines(sample)
  return expectedOf(sample).flatMap(({ line, reason }) => (reason === undefined ? [] : [lines[line - 1]!]))
}

/** What must not change: who, to whom, how. */
export function ends(fields: Fields): string {
  if (fields.kind === 'request') return `${fields.proto} ${fields.src} ${fields.method} ${fields.path} ${fields.status}`
  const { proto, src, sport, dst, dport } = fields
  return `${proto} ${src} ${sport} > ${dst} ${dport}`
}

export function flagsText(fields: Fields): string {
  return fields.kind === 'packet' && fields.flags !== undefined ? flagNames(fields.flags).join() : '?'
}

/** The fields of an outcome, undefined if there is no event. */
export function fieldsOf(outcome: Outcome): Fields | undefined {
  return isParsed(outcome) ? outcome.fields : undefined
}
