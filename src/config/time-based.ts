import { SECRET_BYTES, secretId, TOTP_SECRET_BYTES, type Secret } from '../../rules/derive/secret.ts'
import { STEPS_AT_A_TIME } from '../../rules/derive/time-step.ts'
import { codeRanges } from '../../rules/derive/totp.ts'
import { hmacRange, hmacRule, type HmacForm } from '../../rules/hmac-rule.ts'
import type { Rule, Sequence, Step } from '../../rules/rule.ts'
import type { SecretUser } from '../../rules/secret-user.ts'
import type { Spent } from '../../rules/spent.ts'
import { tokenRule, type TokenForm } from '../../rules/token-rule.ts'
import { totpRule, totpSteps, type TotpForm } from '../../rules/totp-rule.ts'
import type { KnockKind } from './config.ts'
import type { KnockContext, KnockKeys, Knocks } from './knock-keys.ts'
import { usersOf } from './rule-users.ts'
import { lineOf, type SectionText } from './section-text.ts'
import { readPort } from './values.ts'

const port = (number: number) => readPort(String(number))!

/** Far from the well-known ports, and two ranges of 10,000 that do not meet. */
const BASES = [port(20_000), port(40_000)]
const PORT_RANGE = { low: port(10_000), high: port(59_999) }
const KNOCKS = 5
const TOKEN_PATH = '/knock'

type Given = (users: readonly SecretUser[], spent: Spent) => Pick<Rule, 'sequencesAt' | 'drawn' | 'onSpend'>

/** `..., totp`: an authenticator app's code. */
export function totpKnocks(keys: KnockKeys, section: SectionText, context: KnockContext): Knocks | undefined {
  const form: TotpForm = { digits: keys.digits === '6' ? 6 : 8, bases: keys.bases ?? BASES, prefix: keys.sequence!.steps, proto: keys.proto ?? 'tcp' }
  const fault = rangeFault(form)
  if (fault !== undefined) context.report.error(lineOf(section, 'bases'), `bases: ${fault}`)
  const users = secretUsers('totp', TOTP_SECRET_BYTES, keys, section, context)
  return users && fault === undefined ? timeBased('totp', users, totpSteps(form), (all, spent) => totpRule(all, form, spent)) : undefined
}

/** `hmac`: ports that the client draws. */
export function hmacKnocks(keys: KnockKeys, section: SectionText, context: KnockContext): Knocks | undefined {
  const range = keys.port_range ?? PORT_RANGE
  const form: HmacForm = { ...boundTo(section, context), ...range, knocks: keys.knocks ?? KNOCKS, proto: keys.proto ?? 'tcp', bindAddress: keys.bind_address ?? false }
  if (range.high - range.low + 1 < form.knocks) context.report.error(lineOf(section, 'port_range'), `port_range: has fewer ports than there are knocks, ${form.knocks}`)
  const users = secretUsers('hmac', SECRET_BYTES, keys, section, context)
  const steps = Array.from({ length: form.knocks }, () => hmacRange(form))
  return users && timeBased('hmac', users, steps, (all, spent) => hmacRule(all, form, spent))
}

/** `token`: a path that the client makes. */
export function tokenKnocks(keys: KnockKeys, section: SectionText, context: KnockContext): Knocks | undefined {
  const form: TokenForm = { ...boundTo(section, context), path: keys.token_path ?? TOKEN_PATH, bindAddress: keys.bind_address ?? false }
  const users = secretUsers('token', SECRET_BYTES, keys, section, context)
  return users && timeBased('token', users, [{ kind: 'token', path: form.path }], (all, spent) => tokenRule(all, form, spent))
}

function boundTo({ name }: SectionText, { hostId }: KnockContext): { readonly hostId: string; readonly rule: string } {
  return { hostId, rule: name }
}

function timeBased(kind: KnockKind, users: readonly SecretUser[], steps: readonly Step[], given: Given): Knocks {
  const sequences: readonly Sequence[] = [{ id: kind, user: undefined, steps }]
  return {
    kind, sequences, lists: [], users: users.map(({ name }) => name), validAtATime: users.length * STEPS_AT_A_TIME,
    given: (spent) => given(users, spent),
    secretIds: users.map(({ secret }) => secretId(secret)),
  }
}

function secretUsers(kind: KnockKind, leastBytes: number, keys: KnockKeys, section: SectionText, context: KnockContext): SecretUser[] | undefined {
  const users = usersOf(keys, section, context, ({ secret }) => (secret === undefined ? 'secret' : undefined))
  if (users === undefined) return undefined
  const short = users.find(({ secret }) => secret!.length < leastBytes)
  if (short === undefined) return users.map(({ name, secret }) => ({ name, secret: secret! satisfies Secret }))
  const digits = Math.ceil((leastBytes * 8) / 5)
  context.report.error(lineOf(section, 'users'), `users: the secret of ${short.name} is too short for ${kind}: it needs ${leastBytes * 8} bits, which are ${digits} characters of base32`)
  return undefined
}

/** A port that could belong to two steps would make a knock ambiguous. */
function rangeFault(form: TotpForm): string | undefined {
  const ranges = codeRanges(form)
  const tooHigh = ranges.find(({ from, count }) => from + count - 1 > 65_535)
  if (tooHigh) return `${tooHigh.from} is too high: ${tooHigh.count} ports from there on end beyond 65535`
  const sorted = ranges.toSorted((one, other) => one.from - other.from)
  const clash = sorted.findIndex(({ from, count }, index) => from + count > (sorted[index + 1]?.from ?? Number.POSITIVE_INFINITY))
  if (clash >= 0) return `the ${sorted[clash]!.count} ports from ${sorted[clash]!.from} on and those from ${sorted[clash + 1]!.from} on overlap: set them further apart`
  const taken = form.prefix.find((step) => step.kind === 'port' && step.proto === form.proto && ranges.some(({ from, count }) => step.port >= from && step.port < from + count))
  return taken?.kind === 'port' ? `port ${taken.port} of the sequence lies in a range of the code: take another one` : undefined
}
