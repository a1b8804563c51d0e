import { findDialect, MAX_LINE_BYTES, parseLine } from '../parsers/dialects.ts'
import { DEFAULT_CONTEXT, isParsed, type ParseContext, type Parsed } from '../parsers/parser.ts'
import { mutate } from './mutate.ts'
import type { Random } from './random.ts'
import { referenceReadings } from './reference/index.ts'

/** The event that `parsers/` reads in a line and the reference does not. */
export interface Difference {
  readonly dialect: string
  readonly line: string
  readonly context: ParseContext
  readonly read: string
  readonly allowed: readonly string[]
}

/** Contexts in which lines are read: what a configuration can change. */
export const CONTEXTS: readonly ParseContext[] = [
  DEFAULT_CONTEXT,
  { prefix: 'knock: ', spans: 'since-previous' },
]

/** Undefined: `parsers/` reads nothing, or what the reference reads too. */
export function differenceIn(name: string, line: string, context: ParseContext): Difference | undefined {
  const events = eventsOf(name, line, context).map(canonical)
  if (events.length === 0) return undefined
  const allowed = referenceReadings(name, line, context).map(canonical)
  const read = events.find((event) => !allowed.includes(event))
  return read === undefined ? undefined : { dialect: name, line, context, read, allowed }
}

/** What is read from the text, and from the bytes of a line amid others where the dialect can do that. */
function eventsOf(name: string, line: string, context: ParseContext): Parsed[] {
  const dialect = findDialect(name)!
  const fromText = parseLine(dialect, line, context)
  const fromBytes = line.length > MAX_LINE_BYTES ? undefined : dialect.quick?.({ bytes: Buffer.from(`DPT=22 \n${line}\n SYN`, 'latin1'), end: 8 + line.length }, 8, context)
  return [...(isParsed(fromText) ? [fromText] : []), ...(fromBytes === undefined ? [] : [fromBytes])]
}

/** Tries `count` mutations of the lines, each in one of the contexts, until parsers/ reads more than the reference. */
export function firstDifference(name: string, lines: readonly string[], random: Random, count: number): Difference | undefined {
  for (let done = 0; done < count; done++) {
    const line = mutate(random.pick(lines), random, lines)
    const difference = differenceIn(name, line, CONTEXTS[done % CONTEXTS.length]!)
    if (difference !== undefined) return difference
  }
  return undefined
}

/** Fields and stamp as one text: the keys in order, those without a value left out. */
function canonical({ fields, stamp, forwardedFor }: { readonly fields: object; readonly stamp: object; readonly forwardedFor?: string | undefined }): string {
  return JSON.stringify([fields, stamp, forwardedFor], (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))) : value)
}
