import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { configError, reasonOf } from '../error.ts'
import { requireOwn, requireSecret } from '../ownership.ts'
import type { Config } from './config.ts'
import { parseConfig } from './parse.ts'
import type { ReadFile } from './user-section.ts'

/** Reads a configuration and the lists it names. Throws a KnocktailError `config` that carries everything wrong. */
export function loadConfig(path: string): Promise<Config> {
  return load(path, (file) => decode(readFileSync(file)))
}

/** The same for whoever acts on it: it, and the files it names, may be written by nobody but root and our own user, and secrets not be read by others. */
export function loadOwnConfig(path: string): Promise<Config> {
  requireOwn(resolve(path))
  return load(path, (file, what, user) => {
    if (what === 'secret') requireSecret(file, user)
    else requireOwn(file)
    return decode(readFileSync(file))
  })
}

async function load(path: string, readNamed: ReadFile): Promise<Config> {
  const result = parseConfig(decode(await readBytes(path)), path, readNamed)
  if (Array.isArray(result)) throw configError(result)
  return result
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    throw configError([{ file: path, line: 0, message: `cannot be read: ${reasonOf(error)}` }])
  }
}

/** What is not UTF-8 becomes U+FFFD: comments may hold anything, and the readers refuse it elsewhere. */
function decode(bytes: Buffer): string {
  return bytes.toString('utf8')
}
