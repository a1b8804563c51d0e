import { dirname, resolve } from 'node:path'
import { reasonOf } from '../error.ts'
import { parseSecret, TOTP_SECRET_BYTES, type Secret } from '../../rules/derive/secret.ts'
import { quoted } from '../printable.ts'
import type { Report } from './problem.ts'
import { key, readSection } from './schema.ts'
import { lineOf, type SectionText } from './section-text.ts'
import { readText } from './values.ts'

/** The whole text of a file; throws as fs does. A secret is refused where others than the daemon's `user` can read it. */
export type ReadFile = (path: string, what: 'list' | 'secret', user?: string) => string

const KEYS = { secret: key(readText), one_time_sequences: key(readText) }

/** Somebody who may have sequences of his own. */
export interface UserConfig {
  readonly name: string
  readonly secret: Secret | undefined
  /** The absolute path of its file. */
  readonly secretPath: string | undefined
  /** The list of his one-time sequences, as it was written. */
  readonly list: string | undefined
  readonly line: number
}

/** A user, with his secret; undefined after its errors were reported. What is wrong with a secret is told without a character of it. */
export function readUser(section: SectionText, { readFile, report }: { readonly readFile: ReadFile; readonly report: Report }): UserConfig | undefined {
  const keys = readSection(section, KEYS, report)
  if (keys === undefined) return undefined
  const { name, line } = section
  if (keys.secret === undefined && keys.one_time_sequences === undefined) {
    report.error(line, `user ${name} has neither secret nor one_time_sequences: set one of them to the path of a file`)
    return undefined
  }
  const list = keys.one_time_sequences
  if (keys.secret === undefined) return { name, secret: undefined, secretPath: undefined, list, line }
  const secretPath = resolve(dirname(report.file), keys.secret)
  const secret = isSecretItself(keys.secret) ? { fault: 'is the path of a file, and this looks like the secret itself: write that alone into a file that others cannot read' } : readSecret(secretPath, readFile)
  if ('value' in secret) return { name, secret: secret.value, secretPath, list, line }
  report.error(lineOf(section, 'secret'), `secret: ${secret.fault}`)
  return undefined
}

/** A name of a file has no reason to be one; and as one it would be told that it is not there, with all of its characters. */
function isSecretItself(text: string): boolean {
  return /^[A-Z2-7\s]+=*$/.test(text) && (parseSecret(text)?.length ?? 0) >= TOTP_SECRET_BYTES
}

function readSecret(path: string, readFile: ReadFile): { readonly value: Secret } | { readonly fault: string } {
  try {
    const value = parseSecret(readFile(path, 'secret'))
    const advice = 'write it in base32 (A to Z, 2 to 7), on one line, alone in the file, as in: head -c 20 /dev/urandom | base32'
    return value === undefined ? { fault: `${quoted(path)} holds no secret: ${advice}` } : { value }
  } catch (error) {
    return { fault: `${quoted(path)} cannot be read: ${reasonOf(error)}` }
  }
}
