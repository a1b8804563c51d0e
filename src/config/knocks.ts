import type { Sequence, Step } from '../../rules/rule.ts'
import type { KnockKind } from './config.ts'
import type { KnockContext, KnockKeys, Knocks } from './knock-keys.ts'
import { loadOneTime } from './one-time.ts'
import type { Report } from './problem.ts'
import { usersOf } from './rule-users.ts'
import { lineOf, type SectionText } from './section-text.ts'
import { hmacKnocks, tokenKnocks, totpKnocks } from './time-based.ts'

/** Keys that mean something only for these kinds. */
const ONLY_FOR: Readonly<Partial<Record<keyof KnockKeys, readonly KnockKind[]>>> = {
  users: ['one-time', 'totp', 'hmac', 'token'],
  digits: ['totp'], bases: ['totp'],
  knocks: ['hmac'], port_range: ['hmac'],
  proto: ['totp', 'hmac'], bind_address: ['hmac', 'token'],
  token_path: ['token'],
  method: ['token', 'static'],
}

const READERS: Readonly<Record<KnockKind, (keys: KnockKeys, section: SectionText, context: KnockContext) => Knocks | undefined>> = {
  static: (keys) => staticKnocks(keys),
  'one-time': oneTimeKnocks,
  totp: totpKnocks,
  hmac: hmacKnocks,
  token: tokenKnocks,
}

/** How the section's rule is knocked; undefined after its errors were reported. */
export function readKnocks(keys: KnockKeys, section: SectionText, context: KnockContext): Knocks | undefined {
  const kind = kindOf(keys, section, context.report)
  if (kind === undefined) return undefined
  for (const [name, kinds] of Object.entries(ONLY_FOR)) {
    if (keys[name as keyof KnockKeys] === undefined || kinds.includes(kind)) continue
    context.report.error(lineOf(section, name), `${name}: means nothing for a sequence that is ${kind}: it belongs to ${kinds.join(', ')}`)
  }
  for (const [name, fault] of misuses(keys, kind)) context.report.error(lineOf(section, name), `${name}: ${fault}`)
  return READERS[kind](keys, section, context)
}

/** Keys that would be read and do nothing. */
function misuses({ users, one_time_sequences: list, method, passphrase_sha256: hash }: KnockKeys, kind: KnockKind): (readonly [name: string, fault: string])[] {
  const found: (readonly [string, string])[] = []
  if (users && list !== undefined) found.push(['users', 'are not asked for by a list that is everybody\'s: set sequence = one-time, and one_time_sequences in the section of each user'])
  if (method && kind === 'static' && hash === undefined) found.push(['method', 'means nothing beside sequence: write it before the path there, as in POST /path'])
  if (method && method.length > 1 && hash !== undefined) found.push(['method', 'must be one for passphrase_sha256: keep one of them'])
  return found
}

const WAYS = ['sequence', 'one_time_sequences', 'passphrase_sha256'] as const

function kindOf(keys: KnockKeys, { name, line }: SectionText, report: Report): KnockKind | undefined {
  const ways = WAYS.filter((way) => keys[way] !== undefined)
  if (ways.length === 1) return ways[0] === 'one_time_sequences' ? 'one-time' : (keys.sequence?.secret ?? 'static')
  const fault = ways.length === 0 ? 'has neither sequence nor one_time_sequences: nothing could open it' : `has both ${ways.join(' and ')}: keep one of them`
  report.error(line, `rule ${name} ${fault}`)
  return undefined
}

function staticKnocks({ sequence, passphrase_sha256: hash, method }: KnockKeys): Knocks {
  const request = (path: string): Step => ({ kind: 'request', method: method?.[0] ?? 'GET', path })
  const steps = sequence?.steps ?? [request(`/${hash!}`)]
  const sequences: readonly Sequence[] = [{ id: 'static', user: undefined, steps }]
  return { kind: 'static', sequences, lists: [], users: [], validAtATime: 1, given: () => ({ sequencesAt: () => sequences }), secretIds: [] }
}

function oneTimeKnocks(keys: KnockKeys, section: SectionText, context: KnockContext): Knocks | undefined {
  const { one_time_sequences: path, warn_below: warnBelow } = keys
  const reference = { ruleName: section.name, warnBelow }
  if (path !== undefined) return loadOneTime([{ ...reference, path, line: lineOf(section, 'one_time_sequences'), user: undefined }], context)
  const users = usersOf(keys, section, context, (user) => (user.list === undefined ? 'one_time_sequences' : undefined))
  return users && loadOneTime(users.map(({ name, list, line }) => ({ ...reference, path: list!, line, user: name })), context)
}
