import type { Address } from '../../parsers/address.ts'
import type { Micros } from '../../parsers/time.ts'
import { formatDuration } from '../config/duration.ts'
import type { Answer, Controlled, Listing, OpenWish, Status, Story } from '../control/controlled.ts'
import type { Grant } from '../grants/grants.ts'
import type { Log } from '../log/log.ts'
import { printable, quoted } from '../printable.ts'
import type { Checks } from './checks.ts'
import type { Reloading } from './reload.ts'
import { pausedEvent, resumedEvent } from './paused.ts'
import { grantStatus, listingOf, statusOf, storyOf, type StatusParts } from './status.ts'

export interface ControlParts extends StatusParts {
  readonly reloading: Reloading
  readonly checks: Checks
  readonly log: Log
}

/** So long a firewall may take before an answer says that it is not done yet. */
const PATIENCE_MS = 10_000

/** What an administrator asks of a running daemon. */
export class Controlling implements Controlled {
  readonly #parts: ControlParts

  constructor(parts: ControlParts) {
    this.#parts = parts
  }

  status(): Status {
    return statusOf(this.#parts)
  }

  list(): Listing {
    return listingOf(this.#parts)
  }

  story(address: Address): Story {
    return storyOf(address, this.#parts)
  }

  async open({ address, rule, user, openFor }: OpenWish): Promise<Answer> {
    const unknown = this.#unknown(rule) ?? this.#unknownUser(rule, user)
    if (unknown) return unknown
    const { daemon, clocks } = this.#parts
    const opened = daemon.open(rule, address, { user, openFor })
    if (opened.event === 'allowed') return { ok: false, why: `${address} is in always_allow, and needs no door` }
    if (opened.event === 'observed') return { ok: false, why: `rule ${rule} only observes: nothing is opened` }
    if (opened.event === 'refused') return { ok: false, why: `${address}: ${opened.why}` }
    const grant = daemon.doors.grants.find({ rule, address, user })
    if (!grant) return this.#settled(address, `rule ${rule} ran its command for ${address}`)
    const left = formatDuration((Math.ceil((grant.deadline - clocks.boot()) / 1e6) * 1e6) as Micros)
    const answer = await this.#settled(address, await this.#kept(`rule ${rule} is open for ${address}, for ${left}`))
    return answer.ok ? { ...answer, grant: grantStatus(grant, new Map(), clocks.boot()) } : answer
  }

  async close(address: Address, rule: string | undefined): Promise<Answer> {
    const closed = this.#parts.daemon.close((grant) => isMeant(grant, address, rule), true)
    if (closed === 0) return { ok: false, why: `nothing is open for ${address}${rule === undefined ? '' : ` by rule ${printable(rule)}`}: knocktail list tells what is` }
    return this.#closed(closed, address, `${closed} closed for ${address}`)
  }

  async closeAll(): Promise<Answer> {
    const closed = this.#parts.daemon.close(undefined, true)
    return this.#closed(closed, undefined, `${closed} closed`)
  }

  async pause(rule: string | undefined): Promise<Answer> {
    const unknown = rule === undefined ? undefined : this.#unknown(rule)
    if (unknown) return unknown
    const { daemon, log } = this.#parts
    daemon.doors.paused.add(rule)
    log.write(pausedEvent(rule))
    const kept = (await daemon.doors.save()) ? 'also over a restart' : 'but the ledger cannot be written, so a restart ends it'
    return { ok: true, text: `${rule === undefined ? 'no rule opens' : `rule ${rule} does not open`} anything until knocktail resume, ${kept}; what is open closes at its time` }
  }

  async resume(rule: string | undefined): Promise<Answer> {
    const { daemon, log } = this.#parts
    const { paused } = daemon.doors
    if (rule !== undefined && paused.isEvery) return { ok: false, why: 'all rules are paused: knocktail resume, without a rule, ends it' }
    const before = paused.all()
    if (!paused.delete(rule)) return { ok: false, why: `${rule === undefined ? 'nothing' : `rule ${printable(rule)}`} is not paused` }
    for (const one of rule === undefined ? before : [rule]) log.write(resumedEvent(one))
    await daemon.doors.save()
    return { ok: true, text: rule === undefined ? 'every rule opens again' : `rule ${rule} opens again` }
  }

  reload(force: boolean): Promise<Answer> {
    return this.#parts.reloading.reload(force)
  }

  async reconcile(): Promise<Answer> {
    const { daemon, checks } = this.#parts
    daemon.doors.reconcile(daemon.config)
    daemon.doors.touchAll()
    await checks.look(daemon.config)
    return this.#settled(undefined, 'the firewalls hold what they should')
  }

  async #closed(closed: number, address: Address | undefined, text: string): Promise<Answer> {
    const answer = await this.#settled(address, await this.#kept(text))
    return answer.ok ? { ...answer, closed } : answer
  }

  /** Waits until it is on disk: no crash takes back what was answered. */
  async #kept(text: string): Promise<string> {
    return (await this.#parts.daemon.doors.save()) ? text : `${text}, but the ledger cannot be written, so a restart takes it back`
  }

  /** Waits until the firewalls have done it, and says what they did not. */
  async #settled(address: Address | undefined, text: string): Promise<Answer> {
    const { daemon: { doors }, conditions } = this.#parts
    const isIdle = await Promise.race([doors.idle().then(() => true), new Promise<false>((resolve) => void setTimeout(() => resolve(false), PATIENCE_MS).unref())])
    const failing = conditions.all().filter(({ name, facts }) => name === 'firewall-failed' && (address === undefined || facts['address'] === address))
    if (failing.length > 0) return { ok: false, why: `decided: ${text}; but ${failing.map((condition) => condition.text).join('; ')}` }
    return { ok: true, text: isIdle ? text : `${text}; a firewall has not confirmed it yet: knocktail list tells` }
  }

  #unknownUser(rule: string, user: string | undefined): Answer | undefined {
    const { users = [] } = this.#parts.daemon.config.rules.find(({ match }) => match.name === rule) ?? {}
    if (user === undefined || users.includes(user)) return undefined
    return { ok: false, why: `rule ${rule} has no user ${quoted(user)}: ${users.length === 0 ? 'it has none' : `it has ${printable(users.join(', '))}`}` }
  }

  #unknown(rule: string): Answer | undefined {
    const names = this.#parts.daemon.config.rules.map(({ match }) => match.name)
    return names.includes(rule) ? undefined : { ok: false, why: `there is no rule ${quoted(rule)}: there are ${printable(names.join(', '))}` }
  }
}

function isMeant(grant: Grant, address: Address, rule: string | undefined): boolean {
  return grant.address === address && (rule === undefined || grant.rule === rule)
}
