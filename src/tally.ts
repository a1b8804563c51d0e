import type { Decision } from '../rules/decision.ts'
import { isHidden } from './attempt-end.ts'
import type { Happening } from './happening.ts'

/** What became of one rule's attempts. */
export interface RuleTally {
  /** Every one begun, however it ended. */
  attempts: number
  /** How many steps those that have ended had taken: as many as the sequence has is a match. */
  readonly reached: Map<number, number>
  opens: number
  extensions: number
  /** Attempts that may have been guesses, by the step (from 1) at which they failed. */
  readonly failedAt: Map<number, number>
  /** Attempts that were too slow or given up, after two steps or more. */
  timeouts: number
  /** Attempts that were forgotten, because more addresses than max_attempts knocked. */
  forgotten: number
  lockouts: number
  /** Matches that a cap refused. */
  capped: number
}

/** Counts by rule. */
export class Tally {
  readonly rules: ReadonlyMap<string, RuleTally>

  constructor(ruleNames: readonly string[], before?: Tally) {
    this.rules = new Map(ruleNames.map((name) => [name, before?.rules.get(name) ?? newTally()]))
  }

  /** Counts of rules that stay go on. */
  forRules(ruleNames: readonly string[]): Tally {
    return new Tally(ruleNames, this)
  }

  countDecision(decision: Decision): void {
    if (decision.kind !== 'match' && isHidden(decision)) return
    const tally = this.rules.get(decision.rule.name)!
    tally.attempts++
    const taken = decision.kind === 'match' ? decision.sequence.steps.length : decision.taken
    tally.reached.set(taken, (tally.reached.get(taken) ?? 0) + 1)
    if (decision.kind === 'forgotten') tally.forgotten++
    if (decision.kind !== 'end') return
    if (decision.failure) tally.failedAt.set(decision.next + 1, (tally.failedAt.get(decision.next + 1) ?? 0) + 1)
    else if (decision.how === 'timeout' && decision.taken >= 2) tally.timeouts++
  }

  countHappening({ event, rule }: Happening): void {
    const tally = rule === undefined ? undefined : this.rules.get(rule)
    if (!tally) return
    if (event === 'open') tally.opens++
    else if (event === 'extend') tally.extensions++
    else if (event === 'lockout') tally.lockouts++
    else if (event === 'capped') tally.capped++
  }
}

function newTally(): RuleTally {
  return { attempts: 0, reached: new Map(), opens: 0, extensions: 0, failedAt: new Map(), timeouts: 0, forgotten: 0, lockouts: 0, capped: 0 }
}
