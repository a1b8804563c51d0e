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
 * Whose code of which time step was knocked. All are compared, whoever it was, so that the time it takes does not tell. Of two who have the
 * same code at the same time, the first whose code is still good.
 */
export function verdictOf(
  users: readonly SecretUser[], time: Micros, spent: Pick<Spent, 'has'>, isRight: (user: SecretUser, timeStep: number) => boolean,
): ReturnType<Proof> {
  let verdict: ReturnType<Proof> = { kind: 'wrong' }
  for (const user of users) {
    for (const timeStep of timeStepsAt(time)) {
      if (!isRight(user, timeStep) || verdict.kind === 'proved') continue
      const spend = spendOf(user, timeStep)
      verdict = spent.has(spend) ? { kind: 'spent', user: user.name } : { kind: 'proved', user: user.name, spend }
    }
  }
  return verdict
}
