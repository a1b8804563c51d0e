import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Something that reads text which others wrote, and what must hold whatever they wrote. */
export interface Target {
  readonly name: string
  /** Texts of one character a byte to begin with. */
  readonly seeds: () => readonly string[]
  /** Reads one text. Answers what kind of outcome it was, in a few words; throws a `Broken` where something does not hold. */
  readonly run: (text: string) => string | Promise<string>
}

/** An invariant that an input breaks. */
export class Broken extends Error {}

export function require(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Broken(what)
}

/** The lines of every log of a dialect's samples. Paths are from the package's root, where npm and vitest run. */
export function sampleLines(dialect: string): string[] {
  return filesIn(join('samples/formats', dialect), '.log').flatMap((text) => text.split('\n'))
}

/** The texts of a folder's files, one character a byte. */
export function filesIn(folder: string, extension: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith(extension)).toSorted().map((name) => readFileSync(join(folder, name), 'latin1'))
}

/** The text that bytes of one character each spell, as configurations are decoded: what is not UTF-8 becomes U+FFFD. */
export function decoded(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
