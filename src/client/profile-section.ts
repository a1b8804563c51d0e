import { resolve } from 'node:path'
import { readDuration } from '../config/duration.ts'
import { hmacFault, hmacForm, tokenForm, totpFault, totpForm } from '../config/knock-forms.ts'
import type { Report } from '../config/problem.ts'
import { key, keyOr, readSection } from '../config/schema.ts'
import { lineOf, type SectionText } from '../config/section-text.ts'
import { readRequestPath, readSequence, withSecret, type WrittenSequence } from '../config/sequence.ts'
import { readHostId, readInteger, readOneOf, readPortRange, readPorts, readText, readYesNo } from '../config/values.ts'
import type { Profile, Recipe } from './profile.ts'
import { readAddress, readHostName, readOnePort, readOrigin, readTrust } from './profile-values.ts'

/** Every key that a profile may have; those that make the sequence are named as in the daemon's rule, and mean the same. */
const KEYS = {
  host: key(readHostName),
  sequence: key(withSecret(readSequence)),
  delay: key(readDuration),
  wait_port: key(readOnePort),
  secret: key(readText),
  one_time_sequences: key(readText),
  digits: key(readOneOf('8', '6')),
  bases: key(readPorts),
  proto: key(readOneOf('tcp', 'udp')),
  knocks: key(readInteger(2, 16)),
  port_range: key(readPortRange),
  host_id: key(readHostId),
  rule: key(readText),
  user: key(readText),
  bind_address: key(readYesNo),
  address: key(readAddress),
  token_path: key(readRequestPath),
  origin: key(readOrigin),
  certificate: keyOr(readTrust, 'authorities'),
}

type Values = NonNullable<ReturnType<typeof readSection<typeof KEYS>>>
type Kind = Recipe['kind']

const ALWAYS = ['host', 'sequence', 'delay', 'wait_port']
const IDENTITY = ['secret', 'host_id', 'rule', 'user']

/** What each kind of sequence is made of. Any other key is a mistake: it would be thought to count. */
const TAKES: Readonly<Record<Kind, { readonly needs: readonly string[]; readonly also: readonly string[] }>> = {
  static: { needs: [], also: ['origin', 'certificate'] },
  'one-time': { needs: ['one_time_sequences'], also: ['origin', 'certificate'] },
  totp: { needs: ['secret'], also: ['bases', 'digits', 'proto', 'origin', 'certificate'] },
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
  const recipe = toRecipe(values, values.sequence, folder)
  const problems = [...keyProblems(recipe.kind, section), ...rangeProblems(recipe)]
  for (const { name, message } of problems) report.error(lineOf(section, name), `${name}: ${message}`)
  const { host, address, origin, certificate: trust, delay, wait_port: waitPort } = values
  return problems.length === 0 ? { name: section.name, host, address, origin, trust, delay, waitPort, recipe } : undefined
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
    ...missing.map((name) => ({ name, message: `is missing: a sequence that is ${kind} needs what the daemon's configuration says` })),
    ...foreign.map((name) => ({ name, message: `means nothing for a sequence that is ${kind}: remove it` })),
  ]
}

function rangeProblems(recipe: Recipe): KeyProblem[] {
  const message = recipe.kind === 'totp' ? totpFault(recipe.form) : recipe.kind === 'hmac' ? hmacFault(recipe.form) : undefined
  return message === undefined ? [] : [{ name: recipe.kind === 'totp' ? 'bases' : 'port_range', message }]
}

/** What is missing of it is reported by itself. */
function toRecipe(values: Values, { steps, secret: word }: WrittenSequence, folder: string): Recipe {
  const { secret = '', one_time_sequences: list = '', host_id: hostId = '', rule = '', user = '' } = values
  const secretFile = resolve(folder, secret)
  const kind: Kind = word ?? 'static'
  const made: { readonly [K in Kind]: () => Extract<Recipe, { kind: K }> } = {
    static: () => ({ kind: 'static', steps }),
    'one-time': () => ({ kind: 'one-time', list: resolve(folder, list) }),
    totp: () => ({ kind: 'totp', secretFile, form: totpForm(values, steps) }),
    hmac: () => ({ kind: 'hmac', secretFile, user, form: hmacForm(values, { hostId, rule }) }),
    token: () => ({ kind: 'token', secretFile, user, form: tokenForm(values, { hostId, rule }) }),
  }
  return made[kind]()
}
