import type { Micros } from '../parsers/time.ts'
import { secretId, type Secret } from './derive/secret.ts'
import { timeStepsAt } from './derive/time-step.ts'
import type { Proof } from './rule.ts'
import type { Spend, Spent } from './spent.ts'

/** Somebody whose knocks prove that he has a secret. */
export interface SecretUser {
  readonly name: string
  readonly secret: Secret
}

/** So many time steps may be in use at once: lines of several sources, a little out of order. */
export const STEPS_KEPT = 8

export function spendOf({ secret }: SecretUser, timeStep: number): Spend {
  return { kind: 'time-step', secret: secretId(secret), timeStep }
}

/**
 * Whose code it was that was knocked. All are compared, whoever it was, so that the time it takes does not tell. Of two who have the same code at
 * the same time it is the first whose code is still good, and it is used up for both: who has seen it must not come in as the other one.
 */
export function verdictOf(users: readonly SecretUser[], time: Micros, spent: Pick<Spent, 'has' | 'add'>, isRight: (user: SecretUser, timeStep: number) => boolean): ReturnType<Proof> {
  const right = users.flatMap((user) => lastRight(user, time, isRight) ?? [])
  const [first, ...others] = right.filter(({ spend }) => !spent.has(spend))
  for (const { spend } of others) spent.add(spend)
  if (first) return { kind: 'proved', ...first }
  return right[0] ? { kind: 'spent', user: right[0].user } : { kind: 'wrong' }
}

/** Of two time steps with the same code the later one, with which the earlier is used up too. */
function lastRight(user: SecretUser, time: Micros, isRight: (user: SecretUser, timeStep: number) => boolean): { readonly user: string; readonly spend: Spend } | undefined {
  const timeStep = timeStepsAt(time).filter((step) => isRight(user, step)).at(-1)
  return timeStep === undefined ? undefined : { user: user.name, spend: spendOf(user, timeStep) }
}
