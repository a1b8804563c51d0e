import type { Micros } from '../parsers/time.ts'
import { areTooMany, followAttempt, isScan, recentKnocks, setAttempt, unproved } from './attempts.ts'
import { chooseWith, openStart, type Choice } from './choice.ts'
import type { Compiled } from './compile.ts'
import type { Decision } from './decision.ts'
import type { Note } from './note.ts'
import type { Trail } from './trail.ts'

/** One knock of one sequence: does it complete it, and if not, what becomes of the attempt? */
export function knock(trail: Trail, compiled: Compiled, note: Note, decisions: Decision[]): void {
  const knocks = recentKnocks(trail, compiled)
  const tooMany = areTooMany(knocks, compiled)
  const { rule } = compiled
  const accept = (first: Note, last: Note): boolean =>
    last.time - first.time < rule.seqTimeout && !isScan(trail, compiled, first, last)
  const choice = tooMany ? undefined : chooseWith(compiled, knocks, note, accept)
  if (choice) return complete(trail, compiled, choice, decisions)
  const open = tooMany ? undefined : openStart(compiled, knocks, accept)
  followAttempt(trail, compiled, note, open, decisions)
}

/** All steps were knocked. Whatever they prove, no knock counts twice. */
function complete(trail: Trail, compiled: Compiled, choice: Choice, decisions: Decision[]): void {
  const { rule, sequence } = compiled
  const { address } = trail
  for (const chosen of choice) (chosen.usedBy ??= []).push(compiled)
  setAttempt(trail, compiled, undefined)
  const time = latestTime(choice)
  const verdict = sequence.proof?.(choice.map(({ key }) => key), address, time)
  if (verdict && verdict.kind !== 'proved') return void decisions.push(unproved(trail, compiled, verdict, choice, time))
  const { user, spend } = verdict ?? sequence
  decisions.push({ kind: 'match', rule, sequence, user, spend, address, time })
  if (spend) rule.onSpend?.(spend)
}

function latestTime(choice: Choice): Micros {
  return choice.reduce((latest, { time }) => (time > latest ? time : latest), choice[0]!.time)
}
