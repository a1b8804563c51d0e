import { isDeepStrictEqual } from 'node:util'
import type { Address } from '../../parsers/address.ts'
import { SECOND, type Micros } from '../../parsers/time.ts'
import type { Spend } from '../../rules/spent.ts'
import type { Clocks } from '../clocks.ts'
import type { Config, DoorRule } from '../config/config.ts'
import { Doors } from '../doors/doors.ts'
import { Sessions, type SessionParts } from '../doors/sessions.ts'
import { COPY_MEMORY, freshnessOf } from '../freshness.ts'
import type { LedgerKeeping } from '../grants/ledger.ts'
import type { LedgerState } from '../grants/ledger-text.ts'
import type { Grant } from '../grants/grants.ts'
import type { StampedLine } from '../grants/matches.ts'
import type { Happening } from '../happening.ts'
import { liveRules } from '../live-rules.ts'
import { doorLogEvent } from '../log/door-events.ts'
import { happeningLogEvent } from '../log/happening-events.ts'
import { ledgerLogEvents } from '../log/disk-events.ts'
import type { Asked } from '../live-parts.ts'
import type { Log } from '../log/log.ts'
import { sourceLogEvents } from '../log/source-events.ts'
import { ownAddresses } from '../own-addresses.ts'
import { closed } from '../openings.ts'
import { Pipeline } from '../pipeline.ts'
import { ExpiryTimer } from './expiry-timer.ts'
import { fewLeft, isLow } from './first-look.ts'
import { askedOf, refusalOf } from './going-on.ts'
import { Lists } from './lists.ts'
import { WallClock } from './wall-clock.ts'
import type { EventBatch, LiveEvent } from '../sources/source.ts'
import type { Helper } from '../front/helper.ts'

/** What a daemon is made of: everything that it does not make itself, so that tests can put other parts in place. */
export interface DaemonParts {
  readonly clocks: Clocks
  readonly bootId: string
  readonly log: Log
  readonly helper: Helper
  readonly ledger: LedgerKeeping
  readonly sessions: SessionParts['sessions']
  readonly dryRun: boolean
}

/** The wall clock is looked at so often: a step forward may end grants. */
const TICK_MS = 1000
const RECONCILE_MS = 60_000
const EXPIRE_AT_ONCE = 100
const UNSAVED = 'the disk refuses to remember that the sequence was used, so that it could be used again'

/** From events to doors, live: pipeline, grants and firewalls on the machine's clocks. Sources and signals are its owner's. */
export class Daemon {
  readonly doors: Doors
  readonly stale = new Map<string, number>()
  readonly #parts: DaemonParts
  readonly #pipeline: Pipeline
  readonly #own
  readonly #sessions: Sessions
  readonly #lists: Lists
  #config: Config
  #timers: NodeJS.Timeout[] = []
  readonly #expiry: ExpiryTimer
  /** The one that is being read. */
  #line: StampedLine | undefined
  readonly #wallClock: WallClock

  constructor(config: Config, parts: DaemonParts) {
    const { clocks, helper, ledger, bootId, log } = parts
    this.#parts = parts
    this.#own = ownAddresses(clocks)
    this.doors = new Doors({
      helper, ledger, clocks, bootId,
      told: (event) => log.write(doorLogEvent(event)),
      ledgerState: (problem) => log.write(ledgerLogEvents.state(problem)),
      keepMatches: (config.maxAge + COPY_MEMORY) as Micros,
    })
    this.#config = liveRules(config, { own: this.#own, spent: this.doors.spent })
    this.#pipeline = new Pipeline(this.#config, this.doors.grants, {
      own: this.#own,
      useUp: (door, spend, asked, opens) => void this.#useUp(door, spend, asked, opens),
      matched: (match) => this.doors.matched(match, this.#line),
      isPaused: (rule) => this.doors.paused.has(rule),
      runOnce: (door, match) => this.doors.runOnce(door, match, this.#config),
      isConnected: (grant) => this.#sessions.isConnected(grant),
      observeOnly: () => parts.dryRun || this.#config.mode === 'observe',
    })
    this.#sessions = this.#watchSessions()
    this.#expiry = new ExpiryTimer(clocks, () => this.doors.grants.nextDeadline, () => this.#tell(this.#pipeline.expire(EXPIRE_AT_ONCE)))
    this.#wallClock = new WallClock(clocks, log, () => this.#pipeline.forget())
    this.#lists = new Lists({ helper, log, dryRun: parts.dryRun })
  }

  #watchSessions(): Sessions {
    const { clocks, sessions } = this.#parts
    return new Sessions({
      clocks, sessions, grants: this.doors.grants, config: () => this.#config,
      ended: (grant) => {
        if (this.doors.grants.close(grant)) this.#tell([closed(grant, clocks.wall())])
      },
    })
  }

  get config(): Config {
    return this.#config
  }

  get pipeline(): Pick<Pipeline, 'remembered' | 'tally' | 'addresses' | 'knocks' | 'deaf' | 'attempts'> {
    return this.#pipeline
  }

  /** Goes on where the process before this one ended; `found`: its ledger, undefined if there was none. */
  start(found: LedgerState | undefined): void {
    if (found) this.doors.resume(found, this.#config)
    if (found) this.#goOn(found)
    this.doors.reconcile(this.#config)
    void this.doors.save()
    void this.#lists.catchUp(this.#config, this.doors.spent)
    this.#timers = [
      setInterval(() => this.#tick(), TICK_MS),
      setInterval(() => this.doors.reconcile(this.#config), RECONCILE_MS),
    ]
    this.#expiry.schedule()
  }

  #goOn({ boot, inHand }: LedgerState): void {
    const { bootId, clocks } = this.#parts
    const about = { isSameBoot: boot === bootId, now: clocks.wall(), maxAge: this.#config.maxAge }
    for (const pending of inHand) this.#follow(this.#pipeline.goOn(askedOf(pending), refusalOf(pending, about)))
  }

  read({ source, events, backlog }: EventBatch): void {
    const parts = { clocks: this.#parts.clocks, matches: this.doors.matches, maxAge: this.#config.maxAge, begun: this.doors.begun }
    for (const event of events) {
      this.#line = lineOf(event)
      const freshness = freshnessOf(event, backlog, parts)
      if (freshness === 'stale') this.#countStale(source, event.time, backlog)
      else this.#follow(this.#pipeline.read(event, freshness))
    }
    this.#expiry.schedule()
  }

  async #useUp(door: DoorRule, spend: Spend, asked: Asked, opens: (refused: string | undefined) => readonly Happening[]): Promise<void> {
    const pending = this.doors.inHand.add({ ...asked, user: asked.user, stage: 'wanted' })
    const refused = (await this.doors.save()) ? await this.#lists.crossOut(door, spend) : UNSAVED
    const list = door.lists.find(({ sequences }) => sequences.some((sequence) => isDeepStrictEqual(sequence.spend, spend)))
    if (list && isLow(door, list, this.doors.spent)) this.#parts.log.write(fewLeft(door, list, this.doors.spent))
    // What is written next has it no more, and has its door.
    this.doors.inHand.delete(pending)
    this.#follow(opens(refused))
    void this.doors.save('soon')
    this.#expiry.schedule()
  }

  #follow(happenings: readonly Happening[]): void {
    this.#tell(happenings)
    // What is connected already is seen before somebody can come in by the new door.
    if (happenings.some(({ event }) => event === 'open')) void this.#sessions.look()
  }

  /** Another configuration: attempts and grants of rules that stayed go on, those of rules that went end. */
  reload(config: Config): void {
    this.#config = liveRules(config, { own: this.#own, spent: this.doors.spent }, this.#config)
    this.#pipeline.reload(this.#config)
    const now = this.#parts.clocks.wall()
    this.#tell(this.doors.dropOthers(this.#config).map((grant) => closed(grant, now)))
    this.doors.reconcile(this.#config)
    void this.#lists.catchUp(this.#config, this.doors.spent)
  }

  /** Ends those grants, now; without a test all. Answers how many. */
  close(isMeant?: (grant: Grant) => boolean, admin?: true): number {
    const now = this.#parts.clocks.wall()
    const ended = this.doors.close(isMeant)
    this.#tell(ended.map((grant) => ({ ...closed(grant, now), ...(admin && { admin }) })))
    return ended.length
  }

  /** As if it had been knocked. Answers what comes of it; of a refusal nothing is told. The rule must be there. */
  open(rule: string, address: Address, { user, openFor }: { readonly user: string | undefined; readonly openFor: Micros | undefined }): Happening {
    const asked = { rule, address, ...(user !== undefined && { user }), time: this.#parts.clocks.wall(), admin: true } as const
    const happenings = this.#pipeline.openFor(asked, openFor)
    const done = happenings.filter(({ event }) => event === 'open' || event === 'extend' || event === 'close')
    this.#follow(done)
    this.#expiry.schedule()
    return happenings.find(({ event }) => event === 'open' || event === 'extend') ?? happenings.at(-1) ?? { event: 'refused', ...asked, why: 'that rule opens nothing' }
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer)
    this.#expiry.stop()
  }

  #tick(): void {
    this.#wallClock.look()
    this.#expiry.look()
    void this.#sessions.look()
  }

  #tell(happenings: readonly Happening[]): void {
    for (const happening of happenings) this.#parts.log.write(happeningLogEvent(happening, this.#config))
  }

  /** Old lines at the start are history; lines that are old as they are written hint at a wrong timezone. */
  #countStale(source: string, time: Micros, backlog: boolean): void {
    this.stale.set(source, (this.stale.get(source) ?? 0) + 1)
    if (!backlog) this.#parts.log.write(sourceLogEvents.stale(source, Math.round((this.#parts.clocks.wall() - time) / SECOND)))
  }
}

function lineOf({ source, uptime }: LiveEvent): StampedLine | undefined {
  return uptime === undefined ? undefined : { source, uptime }
}
