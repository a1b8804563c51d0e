import type { AttemptEnd, Forgotten } from '../rules/decision.ts'
import { keyText } from '../rules/key.ts'
import { stepKey } from '../rules/rule.ts'
import type { Happening } from './happening.ts'

const EVENTS = { wrong: 'failure', spent: 'failure', scan: 'scan', timeout: 'timeout' } as const

/** A step of a sequence that is still good is a secret: logs get read. */
const UNTOLD = 'a secret step'

/** What is told of an attempt that ended without a match: only what may have been somebody's try, of two different steps. */
export function attemptEnded(end: AttemptEnd): Happening[] {
  const { rule, sequence, user, address, time, how, failure, taken, next } = end
  if (isHidden(end) || (!failure && (how !== 'timeout' || taken < 2))) return []
  const expected = sequence.steps[next]!
  return [{
    event: EVENTS[how], rule: rule.name, address, ...(user !== undefined && { user }), time,
    step: next + 1, steps: sequence.steps.length, expected: sequence.spend ? UNTOLD : stepKey(expected),
    ...gotOf(end),
    ...(how === 'spent' && { why: how }),
  }]
}

/** Of the fewest steps of a sequence that is still good, which nobody has by chance. */
const FEWEST_TOLD = 3

/**
 * Whether nothing may be told of it, nor counted where others may look: who sends what he likes and reads what is told of it could find a sequence that is
 * still good step by step. Only if no more than one knock was missing, nothing is left to be found out by it.
 */
export function isHidden({ sequence, taken }: AttemptEnd | Forgotten): boolean {
  return sequence.spend !== undefined && (taken < FEWEST_TOLD || taken < sequence.steps.length - 1)
}

/** A code that was not used up, or a token made too early, may become good; and what belongs to a sequence that is still good is a secret. */
function gotOf({ sequence, how, got }: AttemptEnd): { readonly got?: string } {
  if (got === undefined || how === 'timeout' || sequence.spend !== undefined || sequence.proof !== undefined) return {}
  return { got: keyText(got) }
}
