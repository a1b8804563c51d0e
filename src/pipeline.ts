import type { ConnectionEvent } from '../parsers/event.ts'
import type { Micros } from '../parsers/time.ts'
import type { AttemptEnd, Decision, Match } from '../rules/decision.ts'
import { Matcher } from '../rules/matcher.ts'
import { keyText } from '../rules/key.ts'
import { stepKey } from '../rules/rule.ts'
import type { Config, DoorRule } from './config/config.ts'
import { refusal } from './grants/admission.ts'
import { commandsFor } from './grants/commands.ts'
import { Grants, type Grant } from './grants/grants.ts'
import type { Happening } from './happening.ts'
import { Tally } from './tally.ts'

/** From connection events to what happens at the doors: matcher, grants, expiry. Its clock is the greatest event time so far. */
export class Pipeline {
  readonly tally: Tally
  readonly #config: Config
  readonly #doors: ReadonlyMap<string, DoorRule>
  readonly #matcher: Matcher
  readonly #grants = new Grants()
  #now = Number.NEGATIVE_INFINITY as Micros

  constructor(config: Config) {
    this.#config = config
    this.#doors = new Map(config.rules.map((door) => [door.match.name, door]))
    this.#matcher = new Matcher(config.rules.map(({ match }) => match), config.maxAttempts)
    this.tally = new Tally(config.rules.map(({ match }) => match.name))
  }

  read(event: ConnectionEvent): readonly Happening[] {
    const closes = this.#advance(event.time)
    const decisions = this.#matcher.read(event)
    if (decisions.length === 0) return closes
    return [...closes, ...decisions.flatMap((decision) => this.#follow(decision))]
  }

  /** The end of the log: attempts are given up, and the doors that still stand open close at their time. */
  finish(): readonly Happening[] {
    const ends = this.#matcher.finish().flatMap((end) => this.#follow(end))
    return [...ends, ...this.#advance(Number.POSITIVE_INFINITY as Micros)].toSorted((a, b) => a.time - b.time)
  }

  #advance(time: Micros): readonly Happening[] {
    if (time <= this.#now) return []
    this.#now = time
    return this.#grants.expire(time).map((grant) => closed(grant, grant.until))
  }

  #follow(decision: Decision): Happening[] {
    this.tally.countDecision(decision)
    const happenings = decision.kind === 'match' ? this.#grant(decision) : attemptEnded(decision)
    for (const happening of happenings) this.tally.countHappening(happening)
    return happenings
  }

  #grant({ rule, sequence, address, time }: Match): Happening[] {
    const door = this.#doors.get(rule.name)!
    const about = { rule: rule.name, address, ...(sequence.user !== undefined && { user: sequence.user }), time }
    const refused = refusal(address, this.#config)
    if (refused) return [refused.kind === 'allowed' ? { event: 'allowed', ...about } : { event: 'refused', ...about, why: refused.why }]
    return [...this.#closeOther(door, address, time), ...this.#open(door, about)]
  }

  /** `closes = RULE`: a match ends that rule's grant of the same address. */
  #closeOther(door: DoorRule, address: Match['address'], time: Micros): Happening[] {
    const other = door.opens.closes === undefined ? undefined : this.#doors.get(door.opens.closes)
    const grant = other && this.#grants.close(other, address)
    return grant ? [{ ...closed(grant, time), by: door.match.name }] : []
  }

  #open(door: DoorRule, about: { rule: string; address: Match['address']; time: Micros }): Happening[] {
    const { start, stop } = commandsFor(door.opens, about.address)
    const hasPorts = door.opens.ports.length > 0
    if (!hasPorts && start === undefined) return []
    // A command that nothing undoes is run once per match: there is nothing to close.
    if (!hasPorts && stop === undefined) return [{ event: 'open', ...about, until: null }]
    const { extended, grant } = this.#grants.open(door, about.address, about.time)
    const opened: Happening = { event: extended ? 'extend' : 'open', ...about, until: grant.until }
    // A match read late may be over before it was seen.
    return [opened, ...this.#grants.expire(this.#now).map((over) => closed(over, over.until))]
  }
}

function closed({ door, address }: Grant, time: Micros): Happening & { event: 'close' } {
  return { event: 'close', rule: door.match.name, address, time }
}

const EVENTS = { wrong: 'failure', scan: 'scan', timeout: 'timeout' } as const

/** Only what may have been somebody's try is told: two different steps were knocked. */
function attemptEnded({ rule, sequence, address, time, how, failure, taken, next, got }: AttemptEnd): Happening[] {
  if (how === 'evicted' || (!failure && taken < 2)) return []
  const expected = sequence.steps[next]!
  return [{
    event: EVENTS[how], rule: rule.name, address, ...(sequence.user !== undefined && { user: sequence.user }), time,
    step: next + 1, steps: sequence.steps.length, expected: stepKey(expected),
    ...(got !== undefined && how !== 'timeout' && { got: keyText(got) }),
  }]
}
