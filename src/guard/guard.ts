import type { Address } from '../../parsers/address.ts'
import type { ConnectionEvent } from '../../parsers/event.ts'
import type { Micros } from '../../parsers/time.ts'
import type { AttemptEnd } from '../../rules/decision.ts'
import { eventKey, keyText, portKey, type EventKey } from '../../rules/key.ts'
import { isInbound, isKnock } from '../../rules/knock.ts'
import type { Rule } from '../../rules/rule.ts'
import type { Config, DoorRule } from '../config/config.ts'
import type { Grants } from '../grants/grants.ts'
import type { Happening } from '../happening.ts'
import { Caps, type Admission, type Asker, type CapParts } from './caps.ts'
import { CoolDowns } from './cool-downs.ts'
import { Lockouts, type Lockout } from './lockouts.ts'
import { MARK_TIME, Marks } from './marks.ts'
import { keyNetworkText, originOf, senderKey } from './origin.ts'
import { Scanners } from './scanners.ts'

export interface GuardParts extends Pick<CapParts, 'isConnected'> {
  readonly grants: Pick<Grants, 'now' | 'at' | 'heldBy' | 'find' | 'of'>
}

/** Whom a rule does not listen to, and why. */
export interface Deafness extends Lockout {
  readonly why: 'lockout' | 'trap' | 'scan'
}

/** A trap takes one packet, so there may be many; a scan takes a hundred. About 130 bytes each. */
const TRAP_MARKS = 65_536
const SCAN_MARKS = 16_384
/** About 0.5 kB each. */
const SCANNERS = 8192
const COOL_DOWNS = 65_536

/**
 * What keeps guessers, scanners and floods in check. A source address can be spoofed, so what is held against one never touches a rule
 * that proves a secret, nor an address that holds a grant of the rule, nor always_allow. Durations are counted by the grants' clock, from the
 * line's own time: what is read again after a restart ends when it would have ended.
 */
export class Guard {
  readonly #grants: GuardParts['grants']
  readonly #lockouts = new Lockouts()
  readonly #scanMarks = new Marks(SCAN_MARKS)
  readonly #trapMarks = new Marks(TRAP_MARKS)
  readonly #toldScans = new Marks(SCAN_MARKS)
  readonly #scanners = new Scanners(SCANNERS)
  readonly #caps: Caps
  readonly #coolDowns = new CoolDowns(COOL_DOWNS)
  #config: Config
  #doors: ReadonlyMap<string, DoorRule>
  #traps: ReadonlyMap<EventKey, readonly DoorRule[]>

  constructor(config: Config, parts: GuardParts) {
    this.#grants = parts.grants
    this.#caps = new Caps(parts)
    this.#config = config
    this.#doors = doorsOf(config)
    this.#traps = trapsOf(config)
  }

  /** Lock-outs of rules that stay go on, unless a rule has given them up. */
  reload(config: Config): void {
    this.#config = config
    this.#doors = doorsOf(config)
    this.#traps = trapsOf(config)
    this.#lockouts.keep((rule) => this.#canLockOut(rule))
  }

  /** Looks at an event before it is matched: who touches a trap, or too many ports, is marked. */
  see(event: ConnectionEvent): readonly Happening[] {
    const limit = this.#config.scanPorts
    if ((limit === 0 && this.#traps.size === 0) || event.kind !== 'packet' || !isInbound(event)) return NONE
    const key = eventKey(event)
    if (typeof key !== 'number') return NONE
    const sender = senderKey(event.src)
    const trapped = this.#traps.has(key) ? this.#trapped(event, key, sender) : NONE
    const isMarked = this.#scanMarks.size > 0 && this.#scanMarks.stands(sender, this.#now)
    // By the lines' own time: this is asked for every packet, and asking the clocks would take longer than all the rest.
    const isScan = limit > 0 && !isMarked && this.#scanners.touch(sender, key, limit, event.time)
    return isScan ? [...trapped, ...this.#markScanner(event, sender)] : trapped
  }

  /** The clock by which lines are dated was set back. */
  forget(): void {
    this.#scanners.clear()
  }

  /** Which rules listen to that address now; undefined: all. */
  hears(address: Address): ((rule: Rule) => boolean) | undefined {
    const hearsAll = this.#lockouts.isIdle && this.#scanMarks.size === 0 && this.#trapMarks.size === 0
    return hearsAll ? undefined : this.#ears(address)
  }

  /** Whether a scan at that rule is news: who goes on scanning is told of once a minute. */
  isNewScan(rule: string, address: Address): boolean {
    return this.#toldScans.mark(`${rule} ${senderKey(address)}`, this.#now, this.#now)
  }

  /** An attempt ended: if it was one failure too many, its rule does not listen for a while. */
  failed({ rule, user, address, time, failure }: AttemptEnd): Happening[] {
    const limits = this.#doors.get(rule.name)?.guard
    if (!failure || rule.secret || limits === undefined || this.#isSpared(rule.name, address)) return []
    const lockout = this.#lockouts.failed(rule.name, originOf(address), limits, this.#grants.at(time))
    if (!lockout) return []
    const until = (time + limits.lockout) as Micros
    return [{ event: 'lockout', rule: rule.name, address, ...(user !== undefined && { user }), time, network: lockout.network, until }]
  }

  /** Whether a match may open, or extend what stands. */
  admit(door: DoorRule, asker: Asker): Admission | { readonly kind: 'cooled'; readonly left: Micros } {
    const cooled = this.#coolDowns.until(asker, this.#now)
    if (cooled !== undefined) return { kind: 'cooled', left: (cooled - this.#now) as Micros }
    return this.#grants.find(asker) ? { kind: 'open', evict: [] } : this.#caps.admit(asker, door.guard, this.#now)
  }

  /** A match has taken effect. */
  succeeded({ guard: { coolDown } }: DoorRule, asker: Asker, isOpen: boolean): void {
    if (isOpen) this.#caps.opened(asker, this.#now)
    if (coolDown > 0) this.#coolDowns.begin(asker, (this.#now + coolDown) as Micros)
  }

  /** Who is not listened to now, until when by the boot clock. */
  deaf(): Deafness[] {
    const now = this.#now
    const scans = this.#scanMarks.all(now).map(([sender, until]) => ({ why: 'scan' as const, rule: 'any', network: keyNetworkText(sender), until }))
    const traps = this.#trapMarks.all(now).map(([mark, until]) => {
      const [rule = '', sender = ''] = mark.split(' ')
      return { why: 'trap' as const, rule, network: keyNetworkText(sender), until }
    })
    return [...this.#lockouts.standing(now).map((lockout) => ({ why: 'lockout' as const, ...lockout })), ...traps, ...scans]
  }

  get #now(): Micros {
    return this.#grants.now
  }

  /** Made apart from who asks for them: a function that makes one takes memory for it whether or not it does, and it is asked for every packet. */
  #ears(address: Address): (rule: Rule) => boolean {
    return (rule) => rule.secret || this.#isSpared(rule.name, address) || !this.#isDeaf(rule.name, address)
  }

  #trapped(event: ConnectionEvent, key: EventKey, sender: string): readonly Happening[] {
    return this.#traps.get(key)!.flatMap((door) => this.#trap(door, event, key, sender))
  }

  #trap({ match: rule }: DoorRule, event: ConnectionEvent, key: EventKey, sender: string): Happening[] {
    const { src: address, time } = event
    if (!isKnock(event, rule) || this.#isSpared(rule.name, address)) return []
    if (!this.#trapMarks.mark(`${rule.name} ${sender}`, this.#grants.at(time), this.#now)) return []
    return [{ event: 'trapped', rule: rule.name, address, time, port: keyText(key), until: (time + MARK_TIME) as Micros }]
  }

  #markScanner({ src: address, time }: ConnectionEvent, sender: string): Happening[] {
    if (this.#isAllowed(address) || !this.#scanMarks.mark(sender, this.#grants.at(time), this.#now)) return []
    return [{ event: 'scanner', address, time, ports: this.#config.scanPorts, until: (time + MARK_TIME) as Micros }]
  }

  #isDeaf(rule: string, address: Address): boolean {
    const sender = senderKey(address)
    const now = this.#now
    return this.#lockouts.isOut(rule, originOf(address), now) || this.#scanMarks.stands(sender, now) || this.#trapMarks.stands(`${rule} ${sender}`, now)
  }

  /** Nothing is held against these. */
  #isSpared(rule: string, address: Address): boolean {
    return this.#grants.of(rule, address).length > 0 || this.#isAllowed(address)
  }

  #isAllowed(address: Address): boolean {
    return this.#config.alwaysAllow.some((network) => network.contains(address))
  }

  #canLockOut(rule: string): boolean {
    const limits = this.#doors.get(rule)?.guard
    return limits !== undefined && (limits.maxFailures > 0 || limits.maxRuleFailures > 0)
  }
}

const NONE: readonly Happening[] = []

function doorsOf({ rules }: Config): ReadonlyMap<string, DoorRule> {
  return new Map(rules.map((door) => [door.match.name, door]))
}

function trapsOf({ rules }: Config): ReadonlyMap<EventKey, readonly DoorRule[]> {
  const traps = new Map<EventKey, DoorRule[]>()
  for (const door of rules.filter(({ match }) => !match.secret)) {
    for (const { proto, port } of door.guard.trapPorts) {
      const key = portKey(proto, port)
      traps.set(key, [...(traps.get(key) ?? []), door])
    }
  }
  return traps
}
