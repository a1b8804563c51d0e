import type { Micros } from '../../parsers/time.ts'
import type { Match } from '../../rules/decision.ts'
import { lastTimeStepAt } from '../../rules/derive/time-step.ts'
import { Spent } from '../../rules/spent.ts'
import type { Config, DoorRule } from '../config/config.ts'
import type { Clocks } from '../clocks.ts'
import type { FirewallName } from '../config/firewalls.ts'
import type { Target, TargetId } from '../firewalls/target.ts'
import { plannedTargets, targetsOf } from '../firewalls/targets.ts'
import { Desired, type DesiredKey } from '../grants/desired.ts'
import { Grants, type Grant } from '../grants/grants.ts'
import { InHand, type Knocked } from '../grants/in-hand.ts'
import { KeyRecords } from '../grants/key-records.ts'
import type { LedgerKeeping } from '../grants/ledger.ts'
import type { LedgerState } from '../grants/ledger-text.ts'
import { Matches, type StampedLine } from '../grants/matches.ts'
import { Paused } from '../grants/paused.ts'
import type { Helper } from '../front/helper.ts'
import type { DoorEvent } from './door-event.ts'
import { Lane } from './lane.ts'
import { runOnce } from './run-once.ts'
import { opensStill } from './still-right.ts'

/** What doors are made of. */
export interface DoorParts {
  readonly helper: Helper
  readonly ledger: LedgerKeeping
  readonly clocks: Clocks
  readonly bootId: string
  readonly told: (event: DoorEvent) => void
  /** The disk has begun to refuse the ledger (why), or takes it again (undefined). */
  readonly ledgerState: (problem: unknown) => void
  /** How long matches are remembered, so that no line read again opens twice. */
  readonly keepMatches: Micros
}

/**
 * From grants to firewalls, the one path for opening, extending, closing, start, reload and reconcile: grants say what is
 * desired, lanes make it so, the ledger keeps both.
 */
export class Doors {
  readonly grants: Grants
  readonly matches: Matches
  readonly spent = new Spent()
  readonly paused = new Paused()
  readonly inHand = new InHand()
  readonly #keys = new KeyRecords()
  readonly #desired: Desired
  readonly #lanes = new Map<string, Lane>()
  readonly #parts: DoorParts
  /** When the ledger was begun, by the wall clock. */
  begun: Micros
  #ledgerFails = false
  #lastSave: Promise<unknown> = Promise.resolve()

  constructor(parts: DoorParts) {
    this.#parts = parts
    this.begun = parts.clocks.wall()
    this.#forgetNothing()
    this.#desired = new Desired((key) => this.#touch(key))
    this.grants = new Grants(parts.clocks, {
      stands: (grant, before) => {
        this.#desired.stands(grant, before)
        void this.save('soon')
      },
      ended: (grant) => {
        this.#desired.ended(grant)
        void this.save('soon')
      },
    })
    this.matches = new Matches(parts.keepMatches)
    parts.ledger.keep({ boot: parts.bootId, begun: () => this.begun, grants: this.grants, keys: this.#keys, matches: this.matches, spent: this.spent, paused: this.paused, inHand: this.inHand })
  }

  /** How many keys wait for their firewall. */
  get waiting(): number {
    return [...this.#lanes.values()].reduce((sum, lane) => sum + lane.waiting, 0)
  }

  /** Keys that are, or may be, in a firewall and should not be. */
  get overdue(): number {
    return [...this.#keys.all()].filter(({ id, address, foreign }) => !foreign && this.#desired.deadline(id, address) === undefined).length
  }

  /** Keys that were put into firewalls, or may have been. */
  get keys(): Iterable<{ readonly target: Target; readonly address: string; readonly foreign: boolean }> {
    return this.#keys.all()
  }

  /**
   * Goes on from the ledger. Grants of this boot that have not expired stand again with the time they have left, if their rule is
   * still there; all other entries are closed. After a reboot nothing stands.
   */
  resume(state: LedgerState, config: Config): void {
    const { wall, boot } = this.#parts.clocks
    this.begun = state.begun
    this.#forgetNothing()
    for (const spend of state.spent) this.spent.add(spend)
    for (const record of state.keys) this.#keys.put(record)
    for (const rule of state.paused) this.paused.add(rule)
    const isSameBoot = state.boot === this.#parts.bootId
    for (const [key, { time, line }] of state.matches) this.matches.restore(key, { time, line: isSameBoot ? line : undefined })
    if (isSameBoot) {
      const standing = state.grants.filter(({ deadline, until }) => deadline > boot() && until > wall())
      for (const grant of standing.filter(opensStill(config))) this.grants.restore(grant)
    }
    this.touchAll()
  }

  /** What was used up before the ledger was begun, nobody knows: all that might have been is. */
  #forgetNothing(): void {
    this.spent.presume(lastTimeStepAt(this.begun))
  }

  /** Looks at every key anew: at start, and when the helper was started again. */
  touchAll(): void {
    for (const lane of this.#lanes.values()) lane.forget()
    for (const record of this.#keys.all()) this.#touch(record)
  }

  /** `line`: the one that completed it, where the kernel has stamped it. */
  matched({ rule, address, time }: Match, line: StampedLine | undefined): void {
    this.matches.forget(this.#parts.clocks.wall())
    this.matches.add(rule.name, address, time, line)
  }

  /** A command that nothing undoes. */
  runOnce(door: DoorRule, knocked: Knocked, config: Config): void {
    for (const target of targetsOf(door, config, knocked.user)) {
      void runOnce(target, knocked, { ...this.#parts, inHand: this.inHand, save: (when) => this.save(when), lane: this.#laneOf(target) })
    }
  }

  /** Closes what a configuration would not open any more. */
  dropOthers(config: Config): Grant[] {
    const isStillRight = opensStill(config)
    return [...this.grants.all()].filter((grant) => !isStillRight(grant)).filter((grant) => this.grants.close(grant))
  }

  /** Compares what that firewall holds, or all of them, with what they should. Who only observes may not be the one whose entries these are. */
  reconcile(config: Config, firewall?: FirewallName): void {
    const targets = new Map<TargetId, Target>([...plannedTargets(config).values()].map(({ id, target }) => [id, target]))
    for (const { id, target } of this.#keys.targets()) targets.set(id, target)
    for (const [id, target] of targets) {
      if (firewall === undefined || target.firewall === firewall) this.#laneOf(target).reconcile(id, target, config.mode !== 'observe')
    }
  }

  /** Ends those grants, now; without a test all. */
  close(isMeant: (grant: Grant) => boolean = () => true): Grant[] {
    return [...this.grants.all()].filter((grant) => isMeant(grant) && this.grants.close(grant))
  }

  /** Resolves when no lane is at work: what failed may still wait to be tried again. */
  async idle(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.idle()))
  }

  stop(): void {
    for (const lane of this.#lanes.values()) lane.stop()
  }

  /** Resolves when the ledger's last write has ended, well or not. */
  get saved(): Promise<unknown> {
    return this.#lastSave
  }

  async save(when: 'now' | 'soon' = 'now'): Promise<boolean> {
    const { ledger, ledgerState } = this.#parts
    const saving = ledger.save(when)
    this.#lastSave = saving
    const saved = await saving
    if (saved === this.#ledgerFails) {
      this.#ledgerFails = !saved
      ledgerState(ledger.problem)
    }
    return saved
  }

  #touch(key: DesiredKey): void {
    this.#laneOf(key.target).touch(key)
  }

  /** One a firewall, and one a rule for commands: a command that hangs delays nobody else's. */
  #laneOf({ firewall, rule }: Target): Lane {
    const name = `${firewall} ${rule ?? ''}`
    const lane = this.#lanes.get(name) ?? new Lane(firewall, {
      helper: this.#parts.helper, clocks: this.#parts.clocks, keys: this.#keys, told: this.#parts.told,
      deadline: (id, address) => this.#desired.deadline(id, address),
      save: (when) => this.save(when),
    })
    this.#lanes.set(name, lane)
    return lane
  }
}
