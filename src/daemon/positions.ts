import { closeSync, constants, fstatSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SourceConfig } from '../config/config.ts'
import type { Position } from '../sources/source.ts'

/**
 * How far each source was read. It is written without fsync, and may be old: what was opened is the ledger's to say, so a line that is
 * read twice opens nothing twice.
 */
export class Positions {
  readonly #path: string
  #places: Readonly<Record<string, unknown>>
  #written = ''

  constructor(stateDir: string) {
    this.#path = join(stateDir, 'positions.json')
    this.#places = readJson(this.#path)
  }

  /** Where that source was left, by the process before us or by us. */
  of(source: SourceConfig): Position {
    const found = this.#places[keyOf(source)]
    return typeof found === 'object' && found !== null ? (found as Position) : undefined
  }

  /** It was read up to there. */
  keep(source: SourceConfig, position: Position): void {
    if (position !== undefined) this.#places = { ...this.#places, [keyOf(source)]: position }
  }

  /** Of these sources and no others, also of those that are not read yet. Throws as fs does. */
  save(sources: readonly SourceConfig[]): void {
    this.#places = Object.fromEntries(sources.map((source) => [keyOf(source), this.of(source)]))
    const text = JSON.stringify(this.#places)
    if (text === this.#written) return
    writeFileSync(`${this.#path}.new`, text, { mode: 0o600 })
    renameSync(`${this.#path}.new`, this.#path)
    this.#written = text
  }
}

/** A source of the same name that follows something else begins anew. */
function keyOf({ name, follow }: SourceConfig): string {
  return JSON.stringify([name, follow])
}

/** A file that cannot be read or is not ours is as good as none. */
function readJson(path: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(readPlain(path))
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

/** A reader process reads it as root, and the folder is not root's: a link or a fifo there is no file. */
function readPlain(path: string): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    return fstatSync(file).isFile() ? readFileSync(file, 'utf8') : ''
  } finally {
    closeSync(file)
  }
}
