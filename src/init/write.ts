import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { KnocktailError, reasonOf } from '../error.ts'
import { printable } from '../printable.ts'
import type { SetupFile } from './rules/door-rules.ts'

/** Writes the files of a setup, and over nothing: a secret that was given to somebody must not be lost. Throws a KnocktailError. */
export function writeSetup(folder: string, files: readonly SetupFile[]): void {
  const there = files.find(({ name }) => existsSync(join(folder, name)))
  if (there) throw new KnocktailError('failed', `${printable(join(folder, there.name))} is there already: give --folder a new one, or move that away`)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    for (const { name, text, isSecret } of files) writeFileSync(join(folder, name), text, { flag: 'wx', mode: isSecret ? 0o600 : 0o644 })
  } catch (error) {
    throw new KnocktailError('failed', `${printable(folder)} cannot be written: ${reasonOf(error)}`)
  }
}
