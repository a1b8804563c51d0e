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
import type { Target } from './firewalls/target.ts'
import { targetsOf } from './firewalls/targets.ts'
import { refusal } from './grants/admission.ts'
import { commandsFor } from './grants/commands.ts'
import type { Grant, Grants } from './grants/grants.ts'
import { Guard, type Deafness } from './guard/guard.ts'
import type { Happening } from './happening.ts'
import type { Asked, LiveParts } from './live-parts.ts'
import { Tally } from './tally.ts'

/** From connection events to what happens at the doors: matcher, admission, grants. Time is the grants' own. */
export class Pipeline {
  tally: Tally
  readonly #grants: Grants
  readonly #matcher: Matcher
  readonly #guard: Guard
  readonly #live: LiveParts | undefined
  #config: Config
  #doors: ReadonlyMap<string, DoorRule>
  readonly #targets = new Map<string, readonly Target[]>()

  constructor(config: Config, grants: Grants, live?: LiveParts) {
    const rules = config.rules.map(({ match }) => match)
    this.#config = config
    this.#doors = doorsOf(config)
    this.#grants = grants
    this.#live = live
    this.#matcher = new Matcher(rules, config.maxAttempts, Math.floor(Math.random() * 0x7fffffff))
    this.#guard = new Guard(config, { grants, isConnected: live?.isConnected ?? (() => false) })
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
    const expired = this.#grants.expire(most)
    return expired.length === 0 ? NONE : expired.map((grant) => closed(grant, grant.until))
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
    this.#config = config
    this.#doors = doorsOf(config)
    this.#targets.clear()
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
    const happenings = this.#admit(asked, this.#doors.get(asked.rule)!, openFor)
    for (const happening of happenings) this.tally.countHappening(happening)
    return happenings
  }

  #grant(match: Match, door: DoorRule): Happening[] {
    const { rule, user, address, time } = match
    const about = { rule: rule.name, address, ...(user !== undefined && { user }), time }
    return this.#admit(about, door)
  }

  #admit(about: Asked, door: DoorRule, openFor?: Micros): Happening[] {
    const refused = refusal(about.address, { ...this.#config, ...(this.#live && { own: this.#live.own }) })
    if (refused) return [refused.kind === 'allowed' ? { event: 'allowed', ...about } : { event: 'refused', ...about, why: refused.why }]
    if (door.opens.observe || this.#live?.observeOnly()) return [{ event: 'observed', ...about }]
    if (about.admin) return [...this.#closeOther(door, about), ...this.#open(door, about, openFor)]
    if (this.#live?.isPaused(about.rule)) return [...this.#closeOther(door, about), { event: 'paused', ...about }]
    return this.#admitted(door, about)
  }

  #admitted(door: DoorRule, about: Asked): Happening[] {
    const { time } = about
    const admission = this.#guard.admit(door, about)
    if (admission.kind === 'cooled') return [{ event: 'cooled', ...about, until: (time + admission.left) as Micros }]
    if (admission.kind === 'capped') return [{ event: 'capped', ...about, cap: admission.cap, limit: admission.limit }]
    for (const grant of admission.evict) this.#grants.close(grant)
    const evicted = admission.evict.map((grant): Happening => ({ ...closed(grant, time), roomFor: about.address }))
    const happenings = [...this.#closeOther(door, about), ...this.#open(door, about)]
    this.#guard.succeeded(door, about, happenings.some(({ event }) => event === 'open'))
    return [...evicted, ...happenings]
  }

  /** A used sequence must not open again, whatever happens to us: first it stands on disk that it was used, then its door opens. */
  #useUp(match: Match, spend: Spend, live: LiveParts): void {
    const { rule, address, time } = match
    const used = this.#doors.get(rule.name)!
    live.useUp(used, spend, (why) => {
      const door = this.#doors.get(rule.name)
      // A reload may have been faster.
      const happenings = door?.match !== rule ? [] : why === undefined ? this.#grant(match, door) : [{ event: 'refused' as const, rule: rule.name, address, time, why }]
      for (const happening of happenings) this.tally.countHappening(happening)
      return happenings
    })
  }

  /** `closes = RULE`: a match ends that rule's grant of the same address. */
  #closeOther(door: DoorRule, { address, time }: Asked): Happening[] {
    const { closes } = door.opens
    const grants = closes === undefined ? [] : this.#grants.of(closes, address)
    return grants.filter((grant) => this.#grants.close(grant)).map((grant) => ({ ...closed(grant, time), by: door.match.name }))
  }

  #open(door: DoorRule, about: Asked, openFor = door.opens.openFor): Happening[] {
    const { start, stop } = commandsFor(door.opens, about.address)
    const hasPorts = door.opens.ports.length > 0
    if (!hasPorts && start === undefined) return []
    // A command that nothing undoes is run once per match: there is nothing to close.
    if (!hasPorts && stop === undefined) {
      this.#live?.runOnce(door, about)
      return [{ event: 'open', ...about, until: null }]
    }
    const { maxOpen, killOnClose: kill } = door.opens
    const { extended, grant } = this.#grants.open({ ...about, openFor, maxOpen, kill, targets: this.#targetsOf(door, about.user) })
    const opened: Happening = { event: extended ? 'extend' : 'open', ...about, until: grant.until }
    // A match read late may be over before it was seen.
    return grant.deadline > this.#grants.now ? [opened] : [opened, ...this.expire()]
  }

  /** The same for all grants of a rule and user: there may be many. */
  #targetsOf(door: DoorRule, user: string | undefined): readonly Target[] {
    const name = `${door.match.name} ${user ?? ''}`
    const targets = this.#targets.get(name) ?? targetsOf(door, this.#config, user)
    this.#targets.set(name, targets)
    return targets
  }
}

const NONE: readonly Happening[] = []

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

/** A door closes, at its time or before. */
export function closed({ rule, user, address }: Grant, time: Grant['until']): Happening & { event: 'close' } {
  return { event: 'close', rule, address, ...(user !== undefined && { user }), time }
}
