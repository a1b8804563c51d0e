import { createHash } from 'node:crypto'
import { dirname, resolve } from 'node:path'
import { reasonOf } from '../error.ts'
import { inTurn, validAtATime } from '../../rules/one-time.ts'
import type { Sequence, Step } from '../../rules/rule.ts'
import type { OneTimeList } from './config.ts'
import type { KnockContext, Knocks } from './knock-keys.ts'
import type { Report } from './problem.ts'
import { quoted } from '../printable.ts'
import type { Read } from './read.ts'
import { formatSequence, readKnockdSequence, readSequence } from './sequence.ts'

type StepReader = (text: string) => Read<Step[]>

/** Where lines of the list are reported. */
interface LineReport {
  readonly error: (line: number, message: string) => void
  readonly warning: (line: number, message: string) => void
}

/** A sequence of the list that was not used yet. */
interface OneTimeEntry {
  readonly line: number
  readonly steps: readonly Step[]
  /** The same sequence stands above it. */
  readonly isRepeat: boolean
}

/** A list as knockd writes it: a line is a sequence; `#` in front is a comment, or the mark of a used one. */
function readOneTime(text: string, readSteps: StepReader, report: LineReport): OneTimeEntry[] {
  const entries: OneTimeEntry[] = []
  const lines = new Map<string, number>()
  for (const [index, raw] of text.replace(/^\ufeff/, '').split('\n').entries()) {
    const line = index + 1
    const content = raw.trim()
    if (content === '' || content.startsWith('#')) continue
    const read = readSteps(content)
    if ('fault' in read) {
      // What it says stays untold: but for a slip it is somebody's secret.
      report.error(line, 'the line is no sequence: write ports from 1 to 65535 separated by commas, as 7000, 8000:udp')
      continue
    }
    const spelling = formatSequence(read.value)
    const first = lines.get(spelling)
    if (first !== undefined) {
      report.warning(line, `the sequence is the same as on line ${first}, and is good only once`)
    }
    lines.set(spelling, first ?? line)
    entries.push({ line, steps: read.value, isRepeat: first !== undefined })
  }
  return entries
}

/** A list as a configuration names it. */
interface Reference {
  readonly path: string
  /** Whose it is; undefined: everybody's. */
  readonly user: string | undefined
  /** Of the key that names it. */
  readonly line: number
  readonly ruleName: string
  /** With fewer unused sequences than this, it is time to add some. */
  readonly warnBelow: number
}

/** The lists that a rule names; a relative path is relative to the configuration. Undefined after errors were reported. */
export function loadOneTime(references: readonly Reference[], context: KnockContext): Knocks | undefined {
  const lists = references.map((reference) => loadList(reference, context))
  const loaded = lists.filter((list) => list !== undefined)
  if (loaded.length < lists.length) return undefined
  return {
    kind: 'one-time',
    sequences: loaded.flatMap(({ sequences }) => sequences),
    lists: loaded,
    users: references.flatMap(({ user }) => user ?? []),
    validAtATime: loaded.reduce((sum, { sequences }) => sum + validAtATime(sequences), 0),
    given: (spent) => inTurn(loaded.map(({ sequences }) => sequences), spent),
    secretIds: [],
  }
}

function loadList(reference: Reference, context: KnockContext): OneTimeList | undefined {
  const { report, style, readFile } = context
  const path = resolve(dirname(report.file), reference.path)
  const text = attempt(() => readFile(path, style === 'knockd' ? 'list' : 'secret'))
  if ('fault' in text) {
    report.error(reference.line, `one_time_sequences: ${quoted(path)} cannot be read: ${text.fault}`)
    return undefined
  }
  const warning = (line: number, message: string): void => report.warning(line, message, path)
  // knockd passes over lines that it cannot read, so a list with some has to load in its dialect.
  const error = style === 'knockd' ? warning : (line: number, message: string): void => report.error(line, message, path)
  const entries = readOneTime(text.value, READERS[style], { error, warning }).filter(({ isRepeat }) => !isRepeat)
  warnOfFew(entries.length, path, reference, report)
  const sequences = entries.map(({ line, steps }): Sequence => ({ id: `line-${line}`, user: reference.user, spend: { kind: 'once', id: onceOf(path, steps) }, steps }))
  return { path, user: reference.user, sequences }
}

const READERS = { native: readSequence, knockd: readKnockdSequence } as const
const UNREPORTED: LineReport = { error: () => {}, warning: () => {} }

/** The unused sequences of a list by the ids that they have in `Sequence.spend`; what cannot be read is none. */
export function unusedEntries(text: string, path: string, style: KnockContext['style']): { readonly line: number; readonly id: string }[] {
  return readOneTime(text, READERS[style], UNREPORTED).map(({ line, steps }) => ({ line, id: onceOf(path, steps) }))
}

function warnOfFew(unused: number, path: string, { line, ruleName, warnBelow }: Reference, report: Report): void {
  const left = unused === 0 ? `has no unused sequence: nothing can open rule ${ruleName}` : `has only ${unused} unused`
  if (unused === 0 || unused < warnBelow) report.warning(line, `one_time_sequences: ${quoted(path)} ${left}; add some`)
}

/** The same sequence in the same list is the same one, on whatever line it stands. */
function onceOf(path: string, steps: readonly Step[]): string {
  return createHash('sha256').update(`${path}\n${formatSequence(steps)}`).digest('hex').slice(0, 32)
}

function attempt(read: () => string): Read<string> {
  try {
    return { value: read() }
  } catch (error) {
    return { fault: reasonOf(error) }
  }
}
