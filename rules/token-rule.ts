import type { Address } from '../parsers/address.ts'
import { tokenOf, type Binding } from './derive/mac.ts'
import { sameText } from './derive/secret.ts'
import { below } from './key.ts'
import { Recent } from './recent.ts'
import type { Rule, Sequence } from './rule.ts'
import { STEPS_KEPT, verdictOf, type SecretUser } from './secret-user.ts'
import type { Spent } from './spent.ts'

/** Where a token is asked for, and what it is bound to. */
export interface TokenForm extends Pick<Binding, 'hostId' | 'rule'> {
  readonly path: string
  readonly bindAddress: boolean
}

/** A rule that is opened by a request for a path that only a user can know, and only now. */
export function tokenRule(users: readonly SecretUser[], form: TokenForm, spent: Spent): Pick<Rule, 'sequencesAt' | 'onSpend'> {
  const make = ({ name, secret }: SecretUser, timeStep: number, address?: Address): string =>
    tokenOf(secret, { hostId: form.hostId, rule: form.rule, user: name, timeStep, address })
  const unbound = new Recent(STEPS_KEPT, (timeStep: number) => new Map(users.map((user) => [user, make(user, timeStep)])))
  const proof: Sequence['proof'] = ([key], address, time) => {
    const token = below(key!, form.path) ?? ''
    return verdictOf(users, time, spent, (user, timeStep) => sameText(form.bindAddress ? make(user, timeStep, address) : unbound.get(timeStep).get(user)!, token))
  }
  const sequences: readonly Sequence[] = [{ id: 'token', user: undefined, steps: [{ kind: 'token', path: form.path }], proof }]
  return { sequencesAt: () => sequences, onSpend: (spend) => spent.add(spend) }
}
