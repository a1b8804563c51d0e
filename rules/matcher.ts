import type { ConnectionEvent } from '../parsers/event.ts'
import type { Micros } from '../parsers/time.ts'
import { chooseWith, openStart, type Attempt } from './choice.ts'
import { SequenceIndex, type Compiled } from './compile.ts'
import { COPY_WINDOW, findOriginal } from './copies.ts'
import type { AttemptEnd, Decision } from './decision.ts'
import { eventKey, type EventKey } from './key.ts'
import { isInbound, isKnock } from './knock.ts'
import { precedes, type Note } from './note.ts'
import type { Rule } from './rule.ts'
import { exceedsOtherPorts, remember, type Bounds, type Trail } from './trail.ts'
import { Trails } from './trails.ts'

/** (e): more knocks than this for each step, within the time of one sequence, are a scan. */
const KNOCKS_PER_STEP = 16
/** The longest sequence that the configuration takes is 32 steps. */
const NOTES_PER_TRAIL = 64 + 32 * KNOCKS_PER_STEP

const NONE: readonly Decision[] = []

/**
 * Matches knock sequences: connection events in, in reading order, decisions out. What it decides of one address
 * depends on that address's events alone, as long as fewer than `maxAddresses` are remembered.
 */
export class Matcher {
  readonly #index: SequenceIndex
  readonly #trails: Trails
  #bounds: Bounds
  #order = 0

  constructor(rules: readonly Rule[], maxAddresses: number) {
    this.#index = new SequenceIndex(rules)
    this.#trails = new Trails(maxAddresses)
    this.#bounds = boundsOf(rules)
  }

  /** How many addresses are remembered. */
  get addresses(): number {
    return this.#trails.size
  }

  /** `mayKnock`: for which rules it counts as a knock; for the others it is only what its copies are recognised by. */
  read(event: ConnectionEvent, mayKnock?: (rule: Rule) => boolean): readonly Decision[] {
    const key = eventKey(event)
    if (key === undefined || !isInbound(event)) return NONE
    const steps = this.#index.find(key, event.time)
    const knocks = steps?.filter(({ rule }) => isKnock(event, rule))
    // A packet to a knock port that does not knock (an ACK, say) is no other port either; a request never is one.
    if (knocks ? knocks.length === 0 : event.kind === 'request') return NONE
    return this.#take(event, key, mayKnock ? knocks?.filter(({ rule }) => mayKnock(rule)) : knocks)
  }

  /** Other rules from here on. What is remembered stays; attempts at rules that are gone are dropped. */
  replaceRules(rules: readonly Rule[]): void {
    this.#index.replace(rules)
    this.#bounds = boundsOf(rules)
    const kept = new Set(rules)
    for (const trail of this.#trails.all()) {
      for (const [compiled] of attemptsOf(trail)) if (!kept.has(compiled.rule)) trail.attempts?.delete(compiled)
    }
  }

  /** Ends all open attempts, at the end of a log. */
  finish(): Decision[] {
    const ends: Decision[] = []
    for (const trail of this.#trails.all()) {
      for (const [compiled, attempt] of attemptsOf(trail)) ends.push(attemptEnd(trail, compiled, attempt, 'timeout', undefined))
      trail.attempts = undefined
    }
    return ends
  }

  /** Forgets all events and attempts: the clock by which they are dated was set back. */
  forget(): void {
    this.#trails.clear()
  }

  #take(event: ConnectionEvent, key: EventKey, knocks: readonly Compiled[] | undefined): readonly Decision[] {
    const trail = this.#trails.findOrAdd(event.src)
    const notesBefore = trail.notes.length
    const original = findOriginal(trail, event, key)
    const decisions: Decision[] = []
    if (original) {
      original.lastCopy = Math.max(original.lastCopy, event.time) as Micros
    } else {
      const note = noteOf(event, key, knocks, this.#order++)
      remember(trail, note, this.#bounds)
      if (knocks) for (const compiled of knocks) knock(trail, compiled, note, decisions)
      else endScans(trail, note, decisions)
    }
    this.#trails.touch(trail, notesBefore)
    for (const evicted of this.#trails.evict()) {
      for (const [compiled, attempt] of attemptsOf(evicted)) decisions.push(attemptEnd(evicted, compiled, attempt, 'evicted', undefined))
    }
    return decisions.length === 0 ? NONE : decisions
  }
}

function boundsOf(rules: readonly Rule[]): Bounds {
  return { notes: NOTES_PER_TRAIL, age: Math.max(COPY_WINDOW, ...rules.map(({ seqTimeout }) => seqTimeout)) as Micros }
}

function attemptsOf({ attempts }: Trail): Iterable<[Compiled, Attempt]> {
  return attempts ?? []
}

function noteOf(event: ConnectionEvent, key: EventKey, knocks: readonly Compiled[] | undefined, order: number): Note {
  const packet = event.kind === 'packet' ? event : undefined
  return {
    time: event.time, order, resolution: event.resolution, source: event.source, key,
    sport: packet?.sport, seq: packet?.seq, ipId: packet?.ipId, forwarded: packet?.dir === 'forward',
    knocks, lastCopy: event.time, usedBy: undefined, samePort: undefined,
  }
}

/** One knock of one sequence: does it complete it, and if not, what becomes of the attempt? */
function knock(trail: Trail, compiled: Compiled, note: Note, decisions: Decision[]): void {
  const knocks = recentKnocks(trail, compiled)
  const tooMany = knocks.length > KNOCKS_PER_STEP * compiled.keys.length
  const { rule } = compiled
  const accept = (first: Note, last: Note): boolean =>
    last.time - first.time < rule.seqTimeout && !isScan(trail, compiled, first, last)
  const choice = tooMany ? undefined : chooseWith(compiled, knocks, note, accept)
  if (choice) {
    for (const chosen of choice) (chosen.usedBy ??= []).push(compiled)
    trail.attempts?.delete(compiled)
    decisions.push({ kind: 'match', rule, sequence: compiled.sequence, address: trail.address, time: latestTime(choice) })
    rule.onMatch?.(compiled.sequence)
    return
  }
  const open = tooMany ? undefined : openStart(compiled, knocks, accept)
  followAttempt(trail, compiled, note, open, decisions)
}

/** (e): the knocks of that sequence that are less than its time-out older than the newest, in event order. */
function recentKnocks(trail: Trail, compiled: Compiled): Note[] {
  const knocks = trail.notes.filter((note) => note.knocks !== undefined && note.knocks.includes(compiled))
  const oldest = (knocks.at(-1)?.time ?? 0) - compiled.rule.seqTimeout
  return knocks.filter((note) => note.time > oldest)
}

function isScan(trail: Trail, { rule }: Compiled, first: Note, last: Note): boolean {
  return exceedsOtherPorts(trail.notes, first, last, rule.otherPorts, rule.limits.forwarded)
}

function latestTime(choice: readonly Note[]): Micros {
  return choice.reduce((latest, { time }) => (time > latest ? time : latest), choice[0]!.time)
}

function followAttempt(trail: Trail, compiled: Compiled, note: Note, open: Attempt | undefined, decisions: Decision[]): void {
  const before = trail.attempts?.get(compiled)
  const goesOn = before && open && !precedes(before.start, open.start)
  if (before && !goesOn) decisions.push(attemptEnd(trail, compiled, before, howItEnded(trail, compiled, before, note), note))
  if (open) (trail.attempts ??= new Map()).set(compiled, open)
  else trail.attempts?.delete(compiled)
}

function howItEnded(trail: Trail, compiled: Compiled, { start }: Attempt, note: Note): AttemptEnd['how'] {
  if (note.time - start.time >= compiled.rule.seqTimeout) return 'timeout'
  const tooMany = recentKnocks(trail, compiled).length > KNOCKS_PER_STEP * compiled.keys.length
  return tooMany || isScan(trail, compiled, start, note) ? 'scan' : 'wrong'
}

/** Another port was touched: the attempts for which it was one too many are scans. */
function endScans(trail: Trail, note: Note, decisions: Decision[]): void {
  for (const [compiled, attempt] of attemptsOf(trail)) {
    const end: Note = { ...note, order: Number.POSITIVE_INFINITY }
    if (!isScan(trail, compiled, attempt.start, end)) continue
    decisions.push(attemptEnd(trail, compiled, attempt, 'scan', note))
    trail.attempts?.delete(compiled)
  }
}

function attemptEnd(
  trail: Trail, compiled: Compiled, attempt: Attempt, how: AttemptEnd['how'], by: Note | undefined,
): AttemptEnd {
  const { rule, sequence } = compiled
  const failure = (how === 'wrong' || how === 'scan') && isFailure(trail, compiled, attempt, by)
  const time = how === 'timeout' || by === undefined ? ((attempt.start.time + rule.seqTimeout) as Micros) : by.time
  return { kind: 'end', how, failure, rule, sequence, address: trail.address, time, taken: attempt.taken, next: attempt.next, got: by?.key }
}

/** Two different steps were knocked; but a single knock and then the first step is only a new start. */
function isFailure(trail: Trail, compiled: Compiled, { start, taken }: Attempt, by: Note | undefined): boolean {
  if (taken < 2 && by?.key === compiled.keys[0]) return false
  return new Set(recentKnocks(trail, compiled).filter((note) => !precedes(note, start)).map(({ key }) => key)).size >= 2
}
