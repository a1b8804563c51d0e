import type { ConnectionEvent } from '../parsers/event.ts'
import type { Micros } from '../parsers/time.ts'
import type { AttemptEnd, Decision, Match } from '../rules/decision.ts'
import type { OpenAttempt } from '../rules/attempts.ts'
import { Matcher } from '../rules/matcher.ts'
import type { Look, Remembered } from '../rules/look.ts'
import type { Rule } from '../rules/rule.ts'
import type { Spend } from '../rules/spent.ts'
import { attemptEnded } from './attempt-end.ts'
import type { Config, DoorRule } from './config/config.ts'
import type { Grants } from './grants/grants.ts'
import { Guard, type Deafness } from './guard/guard.ts'
import type { Happening } from './happening.ts'
import type { Asked, LiveParts } from './live-parts.ts'
import { Openings } from './openings.ts'
import { Tally } from './tally.ts'

/** From connection events to what happens at the doors: matcher, admission, grants. Time is the grants' own. */
export class Pipeline {
  tally: Tally
  readonly #openings: Openings
  readonly #matcher: Matcher
  readonly #guard: Guard
  readonly #live: LiveParts | undefined
  #doors: ReadonlyMap<string, DoorRule>

  constructor(config: Config, grants: Grants, live?: LiveParts) {
    const rules = config.rules.map(({ match }) => match)
    this.#doors = doorsOf(config)
    this.#live = live
    this.#matcher = new Matcher(rules, config.maxAttempts, Math.floor(Math.random() * 0x7fffffff))
    this.#guard = new Guard(config, { grants, isConnected: live?.isConnected ?? (() => false) })
    this.#openings = new Openings(config, { grants, guard: this.#guard, live })
    this.tally = new Tally(rules.map(({ name }) => name))
  }

  /** How many addresses are remembered. */
  get addresses(): number {
    return this.#matcher.addresses
  }

  /** How many events have touched a step so far. */
  get knocks(): number {
    return this.#matcher.knocks
  }

  /** What an event was to the rules: to be asked right after it was read. */
  look(event: ConnectionEvent): Look {
    return this.#matcher.look(event)
  }

  /** Whether anything of that address is remembered since it has knocked. */
  remembers(address: Match['address']): boolean {
    return this.#matcher.remembers(address)
  }

  /** What that address did, as far as it is remembered. */
  remembered(address: Match['address']): Remembered[] {
    return this.#matcher.remembered(address)
  }

  /** Whom a rule does not listen to now. */
  get deaf(): readonly Deafness[] {
    return this.#guard.deaf()
  }

  /** `mayKnock`: for which rules that event counts. */
  read(event: ConnectionEvent, mayKnock?: (rule: Rule) => boolean): readonly Happening[] {
    const marked = this.#guard.see(event)
    const decisions = this.#matcher.read(event, both(mayKnock, this.#guard.hears(event.src)))
    if (decisions.length === 0) return marked
    const happenings = decisions.flatMap((decision) => this.#follow(decision))
    return marked.length === 0 ? happenings : [...marked, ...happenings]
  }

  /** The end of the log: attempts are given up. */
  finish(): readonly Happening[] {
    const happenings: Happening[] = []
    for (const end of this.#matcher.finish()) happenings.push(...this.#follow(end))
    return happenings
  }

  /** Ends the grants whose time has come, at most so many. */
  expire(most?: number): readonly Happening[] {
    return this.#openings.expire(most)
  }

  /** How far addresses have come, the furthest first, at most so many. */
  attempts(now: Micros, most: number): OpenAttempt[] {
    return this.#matcher.attempts(now, most)
  }

  /** The clock was set back: what was dated by it before would seem to be newer than what comes now. */
  forget(): void {
    this.#matcher.forget()
    this.#guard.forget()
  }

  /** Other rules from here on: attempts at those that stayed the same (the same object) go on. */
  reload(config: Config): void {
    this.#doors = doorsOf(config)
    this.#openings.reload(config)
    this.#matcher.replaceRules(config.rules.map(({ match }) => match))
    this.#guard.reload(config)
    this.tally = this.tally.forRules(config.rules.map(({ match }) => match.name))
  }

  #follow(decision: Decision): readonly Happening[] {
    this.tally.countDecision(decision)
    if (decision.kind === 'forgotten') return NONE
    const happenings = decision.kind === 'match' ? this.#matched(decision) : this.#ended(decision)
    for (const happening of happenings) this.tally.countHappening(happening)
    return happenings
  }

  #ended(end: AttemptEnd): Happening[] {
    const told = attemptEnded(end).filter(({ event }) => event !== 'scan' || this.#guard.isNewScan(end.rule.name, end.address))
    return [...told, ...this.#guard.failed(end)]
  }

  #matched(match: Match): Happening[] {
    const live = this.#live
    live?.matched(match)
    const { spend } = match
    if (live === undefined || spend === undefined) return this.#grant(match, this.#doors.get(match.rule.name)!)
    this.#useUp(match, spend, live)
    return []
  }

  /** What an administrator asks for, as if it had been knocked; `openFor` in place of the rule's. */
  openFor(asked: Asked & { readonly admin: true }, openFor: Micros | undefined): readonly Happening[] {
    const happenings = this.#openings.admit(asked, this.#doors.get(asked.rule)!, openFor)
    for (const happening of happenings) this.tally.countHappening(happening)
    return happenings
  }

  /** What was knocked for before this process began, and nothing came of; `refused`: why nothing will. */
  goOn(asked: Asked, refused: string | undefined): readonly Happening[] {
    const door = this.#doors.get(asked.rule)
    const mayOpen = door !== undefined && (asked.user === undefined || door.users.includes(asked.user))
    const why = refused ?? (mayOpen ? undefined : 'the configuration was changed meanwhile')
    const happenings: readonly Happening[] = door === undefined || why !== undefined ? [{ event: 'refused', ...asked, why: why! }] : this.#openings.admit(asked, door)
    if (door) for (const happening of happenings) this.tally.countHappening(happening)
    return happenings
  }

  #grant(match: Match, door: DoorRule): Happening[] {
    return this.#openings.admit(askedBy(match), door)
  }

  /** A used sequence must not open again, whatever happens to us: first it stands on disk that it was used, then its door opens. */
  #useUp(match: Match, spend: Spend, live: LiveParts): void {
    const { rule } = match
    const [used, asked] = [this.#doors.get(rule.name)!, askedBy(match)]
    live.useUp(used, spend, asked, (why) => {
      const door = this.#doors.get(rule.name)
      // A reload may have been faster.
      const happenings = door?.match !== rule ? [] : why === undefined ? this.#grant(match, door) : [{ event: 'refused' as const, ...asked, why }]
      for (const happening of happenings) this.tally.countHappening(happening)
      return happenings
    })
  }
}

const NONE: readonly Happening[] = []

function askedBy({ rule, user, address, time }: Match): Asked {
  return { rule: rule.name, address, ...(user !== undefined && { user }), time }
}

type MayKnock = ((rule: Rule) => boolean) | undefined

function both(one: MayKnock, other: MayKnock): MayKnock {
  return one === undefined || other === undefined ? (one ?? other) : bothOf(one, other)
}

function bothOf(one: NonNullable<MayKnock>, other: NonNullable<MayKnock>): MayKnock {
  return (rule) => one(rule) && other(rule)
}

function doorsOf({ rules }: Config): ReadonlyMap<string, DoorRule> {
  return new Map(rules.map((door) => [door.match.name, door]))
}
