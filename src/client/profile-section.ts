import { resolve } from 'node:path'
import { codeRanges, type CodeForm } from '../../rules/derive/totp.ts'
import type { Port } from '../../parsers/event.ts'
import type { Report } from '../config/problem.ts'
import { key, keyOr, readSection } from '../config/schema.ts'
import { lineOf, type SectionText } from '../config/section-text.ts'
import { readDuration } from '../config/duration.ts'
import { readInteger, readOneOf, readText, readYesNo } from '../config/values.ts'
import type { Identity, Kind, Profile, Recipe } from './profile.ts'
import { readAddress, readBases, readHostName, readOnePort, readOrigin, readPortRange, readRecipe, readRequestPath, readTrust } from './profile-values.ts'

/** Every key that a profile may have; those that make the sequence are named as in the daemon's rule, and mean the same. */
const KEYS = {
  host: key(readHostName),
  sequence: key(readRecipe),
  delay: key(readDuration),
  wait_port: key(readOnePort),
  secret: key(readText),
  one_time_sequences: key(readText),
  digits: keyOr(readOneOf('8', '6'), '8'),
  bases: key(readBases),
  proto: keyOr(readOneOf('tcp', 'udp'), 'tcp'),
  knocks: keyOr(readInteger(3, 32), '5'),
  port_range: keyOr(readPortRange, '10000-59999'),
  host_id: key(readText),
  rule: key(readText),
  user: key(readText),
  bind_address: keyOr(readYesNo, 'no'),
  address: key(readAddress),
  token_path: keyOr(readRequestPath, '/knock'),
  origin: key(readOrigin),
  certificate: keyOr(readTrust, 'authorities'),
}

type Values = NonNullable<ReturnType<typeof readSection<typeof KEYS>>>

const ALWAYS = ['host', 'sequence', 'delay', 'wait_port']
const IDENTITY = ['secret', 'host_id', 'rule', 'user']

/** What each kind of sequence is made of. Any other key is a mistake: it would be thought to count. */
const TAKES: Readonly<Record<Kind, { readonly needs: readonly string[]; readonly also: readonly string[] }>> = {
  static: { needs: [], also: ['origin', 'certificate'] },
  'one-time': { needs: ['one_time_sequences'], also: ['origin', 'certificate'] },
  totp: { needs: ['secret', 'bases'], also: ['digits', 'proto', 'origin', 'certificate'] },
  hmac: { needs: IDENTITY, also: ['knocks', 'port_range', 'proto', 'bind_address', 'address'] },
  token: { needs: IDENTITY, also: ['token_path', 'bind_address', 'address', 'origin', 'certificate'] },
}

/** The profile that a section describes, or undefined after everything wrong with it was reported. Paths are relative to the file's folder. */
export function readProfile(section: SectionText, folder: string, report: Report): Profile | undefined {
  const values = readSection(section, KEYS, report)
  if (values === undefined) return undefined
  if (values.sequence === undefined) {
    report.error(section.line, `[${section.name}] has no sequence: say what is knocked`)
    return undefined
  }
  const problems = [...keyProblems(values.sequence.kind, section), ...rangeProblems(values.sequence.kind, values)]
  for (const { name, message } of problems) report.error(lineOf(section, name), `${name}: ${message}`)
  return problems.length === 0 ? toProfile(section.name, values, folder) : undefined
}

interface KeyProblem {
  readonly name: string
  readonly message: string
}

function keyProblems(kind: Kind, section: SectionText): KeyProblem[] {
  const { needs, also } = TAKES[kind]
  const missing = needs.filter((name) => !section.entries.has(name))
  const taken = [...ALWAYS, ...needs, ...also]
  const foreign = [...section.entries.keys()].filter((name) => !taken.includes(name))
  return [
    ...missing.map((name) => ({ name, message: `is missing: a ${kind} sequence needs what the daemon's configuration says` })),
    ...foreign.map((name) => ({ name, message: `means nothing to a ${kind} sequence: remove it` })),
  ]
}

function rangeProblems(kind: Kind, values: Values): KeyProblem[] {
  const { low, high } = values.port_range
  if (kind === 'hmac' && high - low + 1 < values.knocks) return [{ name: 'port_range', message: `has fewer ports than the ${values.knocks} that are knocked` }]
  if (kind !== 'totp' || values.bases === undefined) return []
  const form = formOf(values, values.bases)
  if (form.bases.length > form.digits) return [{ name: 'bases', message: `are more than the ${form.digits} digits of a code` }]
  const beyond = codeRanges(form).find(({ from, count }) => from + count - 1 > 65_535)
  return beyond === undefined ? [] : [{ name: 'bases', message: `${beyond.from} leaves no room for ${beyond.count} ports above it` }]
}

function formOf(values: Values, bases: readonly Port[]): CodeForm {
  return { digits: values.digits === '6' ? 6 : 8, bases }
}

function toProfile(name: string, values: Values, folder: string): Profile {
  const { host, address, origin, certificate: trust, delay, wait_port: waitPort } = values
  return { name, host, address, origin, trust, delay, waitPort, recipe: toRecipe(values, folder) }
}

function toRecipe(values: Values, folder: string): Recipe {
  const { proto, knocks, port_range: range, bases = [] } = values
  const { kind, steps } = values.sequence!
  const secretFile = resolve(folder, values.secret ?? '')
  const made: { readonly [K in Kind]: () => Extract<Recipe, { kind: K }> } = {
    static: () => ({ kind: 'static', steps }),
    'one-time': () => ({ kind: 'one-time', list: resolve(folder, values.one_time_sequences ?? '') }),
    totp: () => ({ kind: 'totp', secretFile, prefix: steps, form: formOf(values, bases), proto }),
    hmac: () => ({ kind: 'hmac', secretFile, identity: identityOf(values), draw: { knocks, ...range }, proto }),
    token: () => ({ kind: 'token', secretFile, identity: identityOf(values), path: values.token_path }),
  }
  return made[kind]()
}

function identityOf({ host_id: hostId = '', rule = '', user = '', bind_address: bindAddress }: Values): Identity {
  return { hostId, rule, user, bindAddress }
}
