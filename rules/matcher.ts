import type { Address } from '../parsers/address.ts'
import type { ConnectionEvent } from '../parsers/event.ts'
import type { Micros } from '../parsers/time.ts'
import { AddressKeys } from './address-column.ts'
import { attemptEnd, attemptsOf, endOverdue, endScans, forgotten, KNOCKS_PER_STEP, openAttempts, setAttempt, type OpenAttempt } from './attempts.ts'
import { SequenceIndex } from './compile.ts'
import { COPY_WINDOW } from './copies.ts'
import type { AttemptEnd, Decision } from './decision.ts'
import { draw } from './drawing.ts'
import { eventKey, type EventKey } from './key.ts'
import { isInbound, isKnock } from './knock.ts'
import { knock } from './knocking.ts'
import { lookAt, rememberedOf, type Look, type Remembered } from './look.ts'
import { isBeginning, isPassing, noteOf, type Note, type Touched } from './note.ts'
import { Newcomers } from './newcomers.ts'
import { PacketColumns } from './packet-columns.ts'
import type { Rule } from './rule.ts'
import { newTrail, takeIn, type Bounds, type Trail } from './trail.ts'
import { mostNotes, Trails } from './trails.ts'

/** The longest sequence that the configuration takes is 32 steps. */
const NOTES_PER_TRAIL = 64 + 32 * KNOCKS_PER_STEP

const NO_DECISIONS: readonly Decision[] = []

/**
 * Matches knock sequences: connection events in, in reading order, decisions out. What it decides of one address
 * depends on that address's events alone, as long as fewer than `maxAddresses` are remembered.
 *
 * An address passes by until it knocks; with a first knock that can complete nothing it is a newcomer, and with whatever else it has a trail. Nothing that is
 * decided depends on these stages: they keep what nearly all addresses are, passers-by and newcomers, in little memory.
 */
export class Matcher {
  readonly #index: SequenceIndex
  readonly #trails: Trails
  /** Of addresses that have not knocked. */
  readonly #passersBy: PacketColumns
  readonly #newcomers: Newcomers
  #bounds: Bounds
  #order = 0
  #knocks = 0

  /** `seed`: any number that those who knock do not know. `mostAwake`: see `trails.ts`. What is decided depends on neither. */
  constructor(rules: readonly Rule[], maxAddresses: number, seed = 0, mostAwake?: number) {
    this.#index = new SequenceIndex(rules)
    const keys = new AddressKeys(seed)
    this.#trails = new Trails(maxAddresses, keys, mostAwake)
    this.#passersBy = new PacketColumns(mostNotes(maxAddresses), keys)
    this.#newcomers = new Newcomers(this.#index, maxAddresses, keys)
    this.#bounds = boundsOf(rules)
  }

  /** How many addresses that have knocked are remembered. */
  get addresses(): number {
    return this.#trails.size + this.#newcomers.size
  }

  /** How many events have touched a step of some rule. */
  get knocks(): number {
    return this.#knocks
  }

  /** `mayKnock`: for which rules it counts as a knock; for the others it is only what its copies are recognised by. */
  read(event: ConnectionEvent, mayKnock?: (rule: Rule) => boolean): readonly Decision[] {
    const key = eventKey(event)
    if (key === undefined || !isInbound(event)) return NO_DECISIONS
    const knocks = only(this.#index.find(key, event.time), ({ rule }) => isKnock(event, rule))
    const drawnFrom = only(this.#index.drawing(key), (rule) => isKnock(event, rule))
    // A packet to a knock port that does not knock (an ACK, say) is no other port either; a request never is one.
    if (!drawnFrom?.length && (knocks ? knocks.length === 0 : event.kind === 'request')) return NO_DECISIONS
    if (!mayKnock) return this.#take(event, key, { knocks, drawnFrom })
    return this.#take(event, key, { knocks: only(knocks, ({ rule }) => mayKnock(rule)), drawnFrom: only(drawnFrom, mayKnock) })
  }

  /** Other rules from here on. What is remembered stays; attempts at rules that are gone are dropped. */
  replaceRules(rules: readonly Rule[]): void {
    this.#index.replace(rules)
    this.#newcomers.rulesChanged()
    this.#bounds = boundsOf(rules)
    const kept = new Set(rules)
    for (const trail of this.#trails.all()) {
      for (const { compiled } of attemptsOf(trail)) if (!kept.has(compiled.rule)) setAttempt(trail, compiled, undefined)
    }
  }

  /** Ends all open attempts, at the end of a log. */
  * finish(): Iterable<AttemptEnd> {
    for (const trail of this.#trails.all()) {
      yield* timeouts(trail)
      trail.attempts = undefined
    }
    for (const trail of this.#newcomers.trails()) yield* timeouts(trail)
    this.#newcomers.clear()
  }

  /** What an event was to the rules: to be asked right after it was read. */
  look(event: ConnectionEvent): Look {
    const trail = this.#peek(event.src)
    return lookAt(event, this.#index, trail, trail?.notes.find(({ order }) => order === this.#order - 1))
  }

  /** Whether it has knocked, and that is remembered. */
  remembers(address: Address): boolean {
    return this.#trails.has(address) || this.#newcomers.has(address)
  }

  /** What that address did, as far as it is remembered: nothing before its first knock. */
  remembered(address: Address): Remembered[] {
    const trail = this.#peek(address)
    return trail ? rememberedOf(trail) : []
  }

  /** The attempts that are still in time then, at most so many, of the addresses that have come furthest. */
  attempts(now: Micros, most: number): OpenAttempt[] {
    return openAttempts(this.#furthest(), now, most)
  }

  /** Forgets all events and attempts: the clock by which they are dated was set back. */
  forget(): void {
    this.#trails.clear()
    this.#passersBy.clear()
    this.#newcomers.clear()
  }

  #take(event: ConnectionEvent, key: EventKey, touched: Touched): readonly Decision[] {
    const order = this.#order++
    if (!isPassing(touched)) this.#knocks++
    const known = this.#find(event.src)
    if (!known && event.kind === 'packet' && typeof key === 'number') {
      if (isPassing(touched)) {
        this.#passersBy.add(event, key, order, undefined)
        return NO_DECISIONS
      }
      if (isBeginning(touched)) return this.#newcomers.add(event, key, order, touched.knocks)
    }
    const trail = known ?? this.#begin(event.src)
    const notesBefore = trail.notes.length
    const decisions: Decision[] = []
    const note = noteOf(event, key, touched, order)
    if (takeIn(trail, note, this.#bounds)) {
      endOverdue(trail, note, decisions)
      if (note.drawnFrom) draw(trail, note, this.#index)
      if (note.knocks) for (const compiled of note.knocks) knock(trail, compiled, note, decisions)
      else endScans(trail, note, decisions)
    }
    this.#trails.touch(trail, notesBefore)
    for (const evicted of this.#trails.evict()) decisions.push(forgotten(evicted))
    return decisions.length === 0 ? NO_DECISIONS : decisions
  }

  /** Undefined: it has not knocked. Whoever has knocked once is asked for because he goes on: from here on he has a trail. */
  #find(address: Address): Trail | undefined {
    return this.#trails.find(address) ?? (this.#newcomers.has(address) ? this.#begin(address) : undefined)
  }

  /** What the address touched before counts from now on. */
  #begin(address: Address): Trail {
    const trail = this.#trails.add(address)
    this.#catchUp(trail, this.#newcomers.take(address))
    this.#trails.touch(trail, 0)
    return trail
  }

  /** The same for a look at it, after which a newcomer is still one. */
  #peek(address: Address): Trail | undefined {
    const trail = this.#trails.find(address)
    if (trail || !this.#newcomers.has(address)) return trail
    return this.#catchUp(newTrail(address), this.#newcomers.of(address))
  }

  /** A first knock decides nothing, but opens attempts at the rules that there still are. */
  #catchUp(trail: Trail, firstKnock: readonly Note[]): Trail {
    for (const note of this.#passersBy.of(trail.address)) takeIn(trail, note, this.#bounds)
    for (const note of firstKnock) {
      takeIn(trail, note, this.#bounds)
      for (const compiled of note.knocks!) if (this.#index.holds(compiled.rule)) knock(trail, compiled, note, [])
    }
    return trail
  }

  * #furthest(): Iterable<Trail> {
    yield* this.#trails.furthest()
    yield* this.#newcomers.trails()
  }
}

function timeouts(trail: Trail): AttemptEnd[] {
  return attemptsOf(trail).map((attempt) => attemptEnd(trail, attempt, 'timeout', undefined))
}

/** The same list if it holds for all: a note keeps it, and those of most notes are alike. */
function only<T>(list: readonly T[] | undefined, holds: (one: T) => boolean): readonly T[] | undefined {
  return list === undefined || list.every(holds) ? list : list.filter(holds)
}

function boundsOf(rules: readonly Rule[]): Bounds {
  return { notes: NOTES_PER_TRAIL, age: Math.max(COPY_WINDOW, ...rules.map(({ seqTimeout }) => seqTimeout)) as Micros }
}
