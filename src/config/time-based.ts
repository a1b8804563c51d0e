import { SECRET_BYTES, secretId, TOTP_SECRET_BYTES, type Secret } from '../../rules/derive/secret.ts'
import { STEPS_AT_A_TIME } from '../../rules/derive/time-step.ts'
import { hmacRange, hmacRule } from '../../rules/hmac-rule.ts'
import type { Rule, Sequence, Step } from '../../rules/rule.ts'
import type { SecretUser } from '../../rules/secret-user.ts'
import type { Spent } from '../../rules/spent.ts'
import { tokenRule } from '../../rules/token-rule.ts'
import { totpRule, totpSteps } from '../../rules/totp-rule.ts'
import type { KnockKind } from './config.ts'
import { hmacFault, hmacForm, tokenForm, totpFault, totpForm, type BoundTo } from './knock-forms.ts'
import type { KnockContext, KnockKeys, Knocks } from './knock-keys.ts'
import { usersOf } from './rule-users.ts'
import { lineOf, type SectionText } from './section-text.ts'

type Given = (users: readonly SecretUser[], spent: Spent) => Pick<Rule, 'sequencesAt' | 'drawn' | 'onSpend'>

/** `..., totp`: an authenticator app's code. */
export function totpKnocks(keys: KnockKeys, section: SectionText, context: KnockContext): Knocks | undefined {
  const form = totpForm(keys, keys.sequence!.steps)
  const fault = totpFault(form)
  if (fault !== undefined) context.report.error(lineOf(section, 'bases'), `bases: ${fault}`)
  const users = secretUsers('totp', TOTP_SECRET_BYTES, keys, section, context)
  return users && fault === undefined ? timeBased('totp', users, totpSteps(form), (all, spent) => totpRule(all, form, spent)) : undefined
}

/** `hmac`: ports that the client draws. */
export function hmacKnocks(keys: KnockKeys, section: SectionText, context: KnockContext): Knocks | undefined {
  const form = hmacForm(keys, boundTo(section, context))
  const fault = hmacFault(form)
  if (fault !== undefined) context.report.error(lineOf(section, 'port_range'), `port_range: ${fault}`)
  const users = secretUsers('hmac', SECRET_BYTES, keys, section, context)
  const steps = Array.from({ length: form.knocks }, () => hmacRange(form))
  return users && timeBased('hmac', users, steps, (all, spent) => hmacRule(all, form, spent))
}

/** `token`: a path that the client makes. */
export function tokenKnocks(keys: KnockKeys, section: SectionText, context: KnockContext): Knocks | undefined {
  const form = tokenForm(keys, boundTo(section, context))
  const users = secretUsers('token', SECRET_BYTES, keys, section, context)
  return users && timeBased('token', users, [{ kind: 'token', path: form.path }], (all, spent) => tokenRule(all, form, spent))
}

function boundTo({ name }: SectionText, { hostId }: KnockContext): BoundTo {
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
