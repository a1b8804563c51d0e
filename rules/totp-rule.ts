import { sameText } from './derive/secret.ts'
import { codeOfPorts, codeRanges, totpCode, type CodeForm } from './derive/totp.ts'
import { portOf } from './key.ts'
import { Recent } from './recent.ts'
import type { FixedStep, PortStep, Rule, Sequence, Step } from './rule.ts'
import { STEPS_KEPT, verdictOf, type SecretUser } from './secret-user.ts'
import type { Spent } from './spent.ts'

/** A rule that is opened by an authenticator app's code, each group of its digits knocked as a port, after a prefix that is always the same. */
export interface TotpForm extends CodeForm {
  readonly prefix: readonly FixedStep[]
  readonly proto: PortStep['proto']
}

/** The steps: the code's own leave open which port of their range it is. */
export function totpSteps(form: TotpForm): Step[] {
  return [...form.prefix, ...codeRanges(form).map(({ from, count }): Step => ({ kind: 'range', proto: form.proto, from, count }))]
}

export function totpRule(users: readonly SecretUser[], form: TotpForm, spent: Spent): Pick<Rule, 'sequencesAt' | 'onSpend'> {
  const codes = new Recent(STEPS_KEPT, (timeStep: number) => new Map(users.map((user) => [user, totpCode(user.secret, timeStep, form.digits)])))
  const proof: Sequence['proof'] = (keys, _address, time) => {
    const ports = keys.slice(form.prefix.length).map((key) => portOf(key) ?? -1)
    const code = codeOfPorts(ports, form) ?? ''
    return verdictOf(users, time, spent, (user, timeStep) => sameText(codes.get(timeStep).get(user)!, code))
  }
  const sequences: readonly Sequence[] = [{ id: 'totp', user: undefined, steps: totpSteps(form), proof }]
  return { sequencesAt: () => sequences, onSpend: (spend) => spent.add(spend) }
}
