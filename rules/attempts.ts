import type { Address } from '../parsers/address.ts'
import type { Micros } from '../parsers/time.ts'
import type { Attempt, Choice } from './choice.ts'
import { demandMetBy, type Compiled } from './compile.ts'
import type { AttemptEnd, Decision, Forgotten } from './decision.ts'
import type { Proof } from './rule.ts'
import { precedes, type Moment, type Note } from './note.ts'
import { exceedsOtherPorts, type Trail } from './trail.ts'

/** (e): more knocks than this for each step, within the time of one sequence, are a scan. */
export const KNOCKS_PER_STEP = 16

export const NO_ATTEMPTS: readonly Attempt[] = []

/** At most one of a sequence. Not changed while it is gone through: other attempts make another list. */
export function attemptsOf({ attempts }: Trail): readonly Attempt[] {
  return attempts ?? NO_ATTEMPTS
}

export function attemptAt(trail: Trail, compiled: Compiled): Attempt | undefined {
  return attemptsOf(trail).find((attempt) => attempt.compiled === compiled)
}

/** Undefined: there is none any more. */
export function setAttempt(trail: Trail, compiled: Compiled, attempt: Attempt | undefined): void {
  const { attempts } = trail
  // A list takes a third of a Map, and a flood of first knocks makes one for each address.
  if (attempts === undefined) trail.attempts = attempt && [attempt]
  else {
    const at = attempts.findIndex((one) => one.compiled === compiled)
    if (at >= 0) trail.attempts = attempt ? attempts.with(at, attempt) : attempts.toSpliced(at, 1)
    else if (attempt) trail.attempts = [...attempts, attempt]
  }
}

/** (e): the knocks of that sequence that are less than its time-out older than the newest, in event order; within the rule's window. */
export function recentKnocks(trail: Trail, compiled: Compiled): Note[] {
  const { seqTimeout, window } = compiled.rule
  const { notes } = trail
  const from = window === undefined ? 0 : Math.max(0, notes.length - window)
  const knocks: Note[] = []
  for (let at = notes.length - 1; at >= from; at--) {
    const note = notes[at]!
    if (!note.knocks?.includes(compiled)) continue
    if (knocks.length > 0 && note.time <= knocks[0]!.time - seqTimeout) break
    knocks.push(note)
  }
  return knocks.toReversed()
}

/** (e) and a window bound the knocks among which is searched. */
export function areTooMany(knocks: readonly Note[], { rule, demands }: Compiled): boolean {
  return rule.window === undefined && knocks.length > KNOCKS_PER_STEP * demands.length
}

/** (d) */
export function isScan(trail: Trail, { rule }: Compiled, first: Moment, last: Moment): boolean {
  return rule.window === undefined && exceedsOtherPorts(trail.notes, first, last, rule.otherPorts, rule.limits.forwarded)
}

/** What a knock made of the attempt: `open` is how far it has come with it, undefined if nothing is left of it. */
export function followAttempt(trail: Trail, compiled: Compiled, note: Note, open: Attempt | undefined, decisions: Decision[]): void {
  const before = attemptAt(trail, compiled)
  const goesOn = before && open && !precedes(before.start, open.start)
  if (before && !goesOn) decisions.push(attemptEnd(trail, before, howItEnded(trail, compiled, before, note), note))
  setAttempt(trail, compiled, open)
}

function howItEnded(trail: Trail, compiled: Compiled, { start }: Attempt, note: Note): AttemptEnd['how'] {
  if (note.time - start.time >= compiled.rule.seqTimeout) return 'timeout'
  // Out of the window: so much came from that address.
  if (compiled.rule.window !== undefined) return 'scan'
  return areTooMany(recentKnocks(trail, compiled), compiled) || isScan(trail, compiled, start, note) ? 'scan' : 'wrong'
}

/** Attempts at sequences that do not stay: once they are not valid any more, no knock of theirs will end them. */
export function endOverdue(trail: Trail, note: Note, decisions: Decision[]): void {
  for (const attempt of attemptsOf(trail)) {
    const { compiled } = attempt
    const isOver = compiled.sequence.spend !== undefined && note.time - attempt.start.time >= compiled.rule.seqTimeout
    if (!isOver || note.knocks?.includes(compiled)) continue
    decisions.push(attemptEnd(trail, attempt, 'timeout', note))
    setAttempt(trail, compiled, undefined)
  }
}

/** Another port was touched: the attempts for which it was one too many are scans. */
export function endScans(trail: Trail, note: Note, decisions: Decision[]): void {
  for (const attempt of attemptsOf(trail)) {
    const { compiled } = attempt
    const end: Note = { ...note, order: Number.POSITIVE_INFINITY }
    if (!isScan(trail, compiled, attempt.start, end)) continue
    decisions.push(attemptEnd(trail, attempt, 'scan', note))
    setAttempt(trail, compiled, undefined)
  }
}

export function attemptEnd(trail: Trail, attempt: Attempt, how: AttemptEnd['how'], by: Note | undefined): AttemptEnd {
  const { compiled } = attempt
  const { rule, sequence } = compiled
  const failure = (how === 'wrong' || how === 'scan') && isFailure(trail, attempt, by)
  const time = how === 'timeout' || by === undefined ? ((attempt.start.time + rule.seqTimeout) as Micros) : by.time
  return { kind: 'end', how, failure, rule, sequence, user: sequence.user, address: trail.address, time, taken: attempt.taken, next: attempt.next, got: by?.key }
}

export function forgotten({ compiled: { rule, sequence }, taken }: Pick<Attempt, 'compiled' | 'taken'>): Forgotten {
  return { kind: 'forgotten', rule, sequence, taken }
}

/** All steps were knocked, but what they leave open proves nothing: a guess, or a code that somebody has seen. */
export function unproved(
  trail: Trail, { rule, sequence, open }: Compiled, verdict: Exclude<ReturnType<Proof>, { kind: 'proved' }>, choice: Choice, time: Micros,
): AttemptEnd {
  const next = sequence.steps.findIndex((step) => open.some((demand) => demand.step === step))
  const user = verdict.kind === 'spent' ? verdict.user : sequence.user
  return { kind: 'end', how: verdict.kind, failure: true, rule, sequence, user, address: trail.address, time, taken: next, next, got: choice[next]!.key }
}

/**
 * Two different steps were knocked; but a single knock and then the first step is only a new start. And whoever touches only ports of a code's
 * ranges, as any scan does, does not guess: he does not know what goes before it.
 */
function isFailure(trail: Trail, { compiled, start, taken }: Attempt, by: Note | undefined): boolean {
  if (taken < 2 && by !== undefined && demandMetBy(compiled, by.key) === compiled.demands[0]) return false
  const keys = new Set(recentKnocks(trail, compiled).filter((note) => !precedes(note, start)).map(({ key }) => key))
  const isBeforeCode = compiled.open.length > 0 && compiled.open.length < compiled.demands.length && ![...keys].some((key) => compiled.stepsOf.has(key))
  return keys.size >= 2 && !isBeforeCode
}

/** How far an address has come. */
export interface OpenAttempt {
  readonly rule: string
  readonly address: Address
  /** Steps, 1 to `steps` - 1. */
  readonly taken: number
  readonly steps: number
  readonly since: Micros
}

/** Those that are still in time then, at most so many. */
export function openAttempts(trails: Iterable<Trail>, now: Micros, most: number): OpenAttempt[] {
  const open: OpenAttempt[] = []
  for (const trail of trails) {
    for (const { compiled: { rule, sequence }, start, taken } of attemptsOf(trail)) {
      if (now - start.time < rule.seqTimeout) open.push({ rule: rule.name, address: trail.address, taken, steps: sequence.steps.length, since: start.time })
    }
    if (open.length >= most) break
  }
  return open.slice(0, most)
}
