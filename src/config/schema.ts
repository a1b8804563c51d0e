import * as v from 'valibot'
import type { Report } from './problem.ts'
import { quoted } from '../printable.ts'
import type { Read } from './read.ts'
import { lineOf, type SectionText } from './section-text.ts'
import { didYouMean } from './suggest.ts'

/** A key whose text `read` turns into a value; `whenAbsent` is a text too, so that defaults go the same way. */
export function key<T>(read: (text: string) => Read<T>) {
  return v.optional(valueOf(read))
}

export function keyOr<T>(read: (text: string) => Read<T>, whenAbsent: string) {
  return v.optional(valueOf(read), whenAbsent)
}

function valueOf<T>(read: (text: string) => Read<T>) {
  return v.pipe(
    v.string(),
    v.rawTransform<string, T>(({ dataset, addIssue, NEVER }) => {
      const result = read(dataset.value)
      if ('value' in result) return result.value
      addIssue({ message: result.fault })
      return NEVER
    }),
  )
}

type Values<E extends v.ObjectEntries> = v.InferOutput<v.ObjectSchema<E, undefined>>

/** The typed values of a section, or undefined after everything wrong with it was reported. */
export function readSection<E extends v.ObjectEntries>(
  section: SectionText,
  entries: E,
  report: Report,
): Values<E> | undefined {
  const known = Object.keys(entries)
  const unknown = [...section.entries.values()].filter((entry) => !known.includes(entry.key))
  for (const entry of unknown) report.error(entry.line, unknownKey(entry.key, section, known))

  const texts = Object.fromEntries([...section.entries].map(([name, entry]) => [name, entry.value]))
  const result = v.safeParse(v.object(entries), texts)
  for (const issue of result.issues ?? []) {
    const name = v.getDotPath(issue) ?? ''
    report.error(lineOf(section, name), `${name}: ${issue.message}`)
  }
  return result.success && unknown.length === 0 ? result.output : undefined
}

function unknownKey(name: string, section: SectionText, known: readonly string[]): string {
  const header = section.kind === 'rule' || section.kind === 'global' ? section.name : `${section.kind} ${section.name}`
  if (known.length === 0) return `unknown key ${quoted(name)}: [${header}] takes none`
  return `unknown key ${quoted(name)} in [${header}]${didYouMean(name, known) || `: it takes ${known.join(', ')}`}`
}
