import type { RuleTally, Tally } from '../tally.ts'
import { count } from '../count.ts'

/** What became of each rule's attempts, for people. */
export function summarizeRules(tally: Tally): string[] {
  return [...tally.rules].map(([name, rule]) => `${name}: ${outcomes(rule).join(', ')}`)
}

function outcomes({ attempts, opens, extensions, failedAt, timeouts, forgotten, lockouts, capped }: RuleTally): string[] {
  const failed = [...failedAt].toSorted(([a], [b]) => a - b)
  return [
    count(attempts, 'attempt'),
    `${opens} opened`,
    ...(extensions > 0 ? [`${extensions} extended`] : []),
    ...failed.map(([step, times]) => `${times} failed at step ${step}`),
    ...(timeouts > 0 ? [`${timeouts} not completed in time`] : []),
    ...(forgotten > 0 ? [`${forgotten} forgotten: more had knocked than max_attempts allows to be remembered`] : []),
    ...(lockouts > 0 ? [count(lockouts, 'lock-out')] : []),
    ...(capped > 0 ? [`${capped} refused by a cap`] : []),
  ]
}
