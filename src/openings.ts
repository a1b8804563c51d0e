import type { Micros } from '../parsers/time.ts'
import type { Config, DoorRule } from './config/config.ts'
import type { Target } from './firewalls/target.ts'
import { targetsOf } from './firewalls/targets.ts'
import { refusal } from './grants/admission.ts'
import { commandsFor } from './grants/commands.ts'
import type { Grant, Grants } from './grants/grants.ts'
import type { Guard } from './guard/guard.ts'
import type { Happening } from './happening.ts'
import type { Asked, LiveParts } from './live-parts.ts'

export interface OpeningParts {
  readonly grants: Grants
  readonly guard: Guard
  readonly live: LiveParts | undefined
}

const NONE: readonly Happening[] = []

/** What comes of it where a door is asked for: a grant, or why there is none. And the end of grants. */
export class Openings {
  readonly #parts: OpeningParts
  readonly #targets = new Map<string, readonly Target[]>()
  #config: Config

  constructor(config: Config, parts: OpeningParts) {
    this.#config = config
    this.#parts = parts
  }

  reload(config: Config): void {
    this.#config = config
    this.#targets.clear()
  }

  /** Ends the grants whose time has come, at most so many. */
  expire(most?: number): readonly Happening[] {
    const expired = this.#parts.grants.expire(most)
    return expired.length === 0 ? NONE : expired.map((grant) => closed(grant, grant.until))
  }

  /** `openFor`: in place of the rule's. */
  admit(about: Asked, door: DoorRule, openFor?: Micros): Happening[] {
    const refused = refusal(about.address, { ...this.#config, ...(this.#parts.live && { own: this.#parts.live.own }) })
    if (refused) return [refused.kind === 'allowed' ? { event: 'allowed', ...about } : { event: 'refused', ...about, why: refused.why }]
    if (door.opens.observe || this.#parts.live?.observeOnly()) return [{ event: 'observed', ...about }]
    if (about.admin) return [...this.#closeOther(door, about), ...this.#open(door, about, openFor)]
    if (this.#parts.live?.isPaused(about.rule)) return [...this.#closeOther(door, about), { event: 'paused', ...about }]
    return this.#admitted(door, about)
  }

  #admitted(door: DoorRule, about: Asked): Happening[] {
    const { time } = about
    const admission = this.#parts.guard.admit(door, about)
    if (admission.kind === 'cooled') return [{ event: 'cooled', ...about, until: (time + admission.left) as Micros }]
    if (admission.kind === 'capped') return [{ event: 'capped', ...about, cap: admission.cap, limit: admission.limit }]
    for (const grant of admission.evict) this.#parts.grants.close(grant)
    const evicted = admission.evict.map((grant): Happening => ({ ...closed(grant, time), roomFor: about.address }))
    const happenings = [...this.#closeOther(door, about), ...this.#open(door, about)]
    this.#parts.guard.succeeded(door, about, happenings.some(({ event }) => event === 'open'))
    return [...evicted, ...happenings]
  }

  /** `closes = RULE`: a match ends that rule's grant of the same address. */
  #closeOther(door: DoorRule, { address, time }: Asked): Happening[] {
    const { closes } = door.opens
    const grants = closes === undefined ? [] : this.#parts.grants.of(closes, address)
    return grants.filter((grant) => this.#parts.grants.close(grant)).map((grant) => ({ ...closed(grant, time), by: door.match.name }))
  }

  #open(door: DoorRule, about: Asked, openFor = door.opens.openFor): Happening[] {
    const { start, stop } = commandsFor(door.opens, about.address)
    const hasPorts = door.opens.ports.length > 0
    if (!hasPorts && start === undefined) return []
    // A command that nothing undoes is run once per match: there is nothing to close.
    if (!hasPorts && stop === undefined) {
      this.#parts.live?.runOnce(door, about)
      return [{ event: 'open', ...about, until: null }]
    }
    const { maxOpen, killOnClose: kill } = door.opens
    const { extended, grant } = this.#parts.grants.open({ ...about, openFor, maxOpen, kill, targets: this.#targetsOf(door, about.user) })
    const opened: Happening = { event: extended ? 'extend' : 'open', ...about, until: grant.until }
    // A match read late may be over before it was seen.
    return grant.deadline > this.#parts.grants.now ? [opened] : [opened, ...this.expire()]
  }

  /** The same for all grants of a rule and user: there may be many. */
  #targetsOf(door: DoorRule, user: string | undefined): readonly Target[] {
    const name = `${door.match.name} ${user ?? ''}`
    const targets = this.#targets.get(name) ?? targetsOf(door, this.#config, user)
    this.#targets.set(name, targets)
    return targets
  }
}

/** A door closes, at its time or before. */
export function closed({ rule, user, address }: Grant, time: Grant['until']): Happening & { event: 'close' } {
  return { event: 'close', rule, address, ...(user !== undefined && { user }), time }
}
