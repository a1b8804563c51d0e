import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { configError, KnocktailError, reasonOf } from '../error.ts'
import { readNative } from '../config/native.ts'
import { inOrder, Report } from '../config/problem.ts'
import { didYouMean } from '../config/suggest.ts'
import { requireOwn } from '../ownership.ts'
import { printable, quoted } from '../printable.ts'
import type { Profile } from './profile.ts'
import { readProfile } from './profile-section.ts'

/** https://specifications.freedesktop.org/basedir-spec: a relative XDG_CONFIG_HOME counts as none. */
export function profilesPath(env: NodeJS.ProcessEnv = process.env): string {
  const configured = env['XDG_CONFIG_HOME'] ?? ''
  return join(isAbsolute(configured) ? configured : join(homedir(), '.config'), 'knocktail', 'profiles.conf')
}

/** Every profile of the file, in its order. Throws a KnocktailError `config` with all that is wrong. */
export function loadProfiles(path: string): Profile[] {
  requireOwn(path)
  const report = new Report(path)
  const profiles = readProfiles(readText(path), dirname(path), report)
  if (report.errors.length > 0) throw configError(inOrder(report.errors, path))
  return profiles
}

export function readProfiles(text: string, folder: string, report: Report): Profile[] {
  return readNative(text, report).flatMap((section) => {
    if (section.kind === 'rule' && !/^\d+$/.test(section.name)) return readProfile(section, folder, report) ?? []
    const header = section.kind === 'rule' || section.kind === 'global' ? section.name : `${section.kind} ${section.name}`
    report.error(section.line, `[${header}] is no profile: write [NAME], a name of your own that is not a number`)
    return []
  })
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw configError([{ file: path, line: 0, message: `cannot be read: ${reasonOf(error)}` }])
  }
}

export function findProfile(name: string, profiles: readonly Profile[], path: string): Profile {
  const found = profiles.find((profile) => profile.name === name)
  if (found !== undefined) return found
  const names = profiles.map((profile) => profile.name)
  const known = names.length === 0 ? `${printable(path)} has none` : `${printable(path)} has ${names.join(', ')}`
  throw new KnocktailError('usage', `there is no profile ${quoted(name)}${didYouMean(name, names)}: ${known}`)
}
