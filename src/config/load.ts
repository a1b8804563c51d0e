import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { configError, reasonOf } from '../error.ts'
import type { Config } from './config.ts'
import { parseConfig } from './parse.ts'

/** Reads a configuration and the lists it names. Throws a KnocktailError `config` that carries everything wrong. */
export async function loadConfig(path: string): Promise<Config> {
  const result = parseConfig(decode(await readBytes(path)), path, (file) => decode(readFileSync(file)))
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
