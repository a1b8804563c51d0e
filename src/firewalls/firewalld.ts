import type { Address } from '../../parsers/address.ts'
import type { OpenPort } from '../config/config.ts'
import type { Entry, Finding, Firewall, Listing, Outcome } from './firewall.ts'
import { admittedBy, holdsPort, readZone, richRule } from './firewalld-rules.ts'
import { inGroups } from './groups.ts'
import { killFlows } from './kill-flows.ts'
import { DONE, error, failed, FOREIGN, whyFailed } from './outcome.ts'
import { NOT_INSTALLED, type Ran } from './run.ts'
import type { Target } from './target.ts'
import type { Opener, Tools } from './tools.ts'

const PROGRAM = 'firewall-cmd'

/** A call takes 0.2 s, and 25 s where D-Bus does not answer. */
const LIMIT_MS = 30_000
const OUTPUT_BYTES = 16 * 1024 * 1024

/** What an operation looks at first. */
interface Rules {
  readonly runtime: ReadonlySet<Address>
  /** The admin's, in force from the next reload on: what is here as well is never ours. */
  readonly permanent: ReadonlySet<Address>
}

/** Rich rules with a time-out in the runtime configuration of one zone. They can bear no mark, and `--reload` drops them. */
export const openFirewalld: Opener = (target, _label, tools) => new Firewalld(target, tools)

class Firewalld implements Firewall {
  readonly #target: Target
  readonly #port: OpenPort
  readonly #tools: Tools
  /** When those that this process has put in end, by performance.now(): firewalld does not tell. */
  readonly #ends = new Map<Address, number>()

  constructor(target: Target, tools: Tools) {
    this.#target = target
    this.#port = target.port!
    this.#tools = tools
  }

  readonly add = async (entries: readonly Entry[]): Promise<Outcome[]> => {
    const rules = await this.#look()
    if (typeof rules === 'string') return entries.map(() => failed(rules))
    const free = entries.filter(({ address }) => !rules.runtime.has(address))
    return byAddress(entries, free, await this.#put(free), FOREIGN)
  }

  /** Added again, a rule keeps the end that it had: so it is taken away first. Connections that stand live on meanwhile. */
  readonly renew = async (entries: readonly Entry[]): Promise<Outcome[]> => {
    const rules = await this.#look()
    if (typeof rules === 'string') return entries.map(() => failed(rules))
    const ours = entries.filter(({ address }) => !rules.permanent.has(address))
    await this.#takeAway(ours.map(({ address }) => address).filter((address) => rules.runtime.has(address)))
    return byAddress(entries, ours, await this.#put(ours), FOREIGN)
  }

  readonly remove = async (addresses: readonly Address[]): Promise<Outcome[]> => {
    const rules = await this.#look()
    if (typeof rules === 'string') return addresses.map(() => failed(rules))
    const ours = addresses.filter((address) => rules.runtime.has(address) && !rules.permanent.has(address))
    const items = (some: readonly Address[]) => some.map((address) => ({ address }))
    return byAddress(items(addresses), items(ours), await this.#takeAway(ours), DONE)
  }

  readonly list = async (): Promise<Listing> => {
    const rules = await this.#look()
    if (typeof rules === 'string') return { kind: 'failed', why: rules }
    for (const address of this.#ends.keys()) if (!rules.runtime.has(address)) this.#ends.delete(address)
    const entries = [...rules.runtime].map((address) => ({
      address, seconds: this.#secondsLeft(address), mark: rules.permanent.has(address) ? 'foreign' as const : 'unmarked' as const,
    }))
    return { kind: 'listed', entries }
  }

  readonly check = async (): Promise<Finding[]> => {
    if (this.#program() === undefined) return [error('firewalld is not installed (Debian: apt install firewalld)')]
    const ran = await this.#run(['--list-all'])
    if (ran.timedOut || ran.code !== 0) return [this.#whyNot(ran)]
    const zone = readZone(ran.stdout)
    const what = `${this.#port.port}/${this.#port.proto}`
    const mend = `firewall-cmd --permanent ${this.#zone().join(' ')}`.trim()
    if (zone.target === 'ACCEPT') return [warning(`the zone accepts everything: a door to ${what} opens nothing; ${mend} --set-target=default`)]
    if (holdsPort(zone.ports, this.#port)) return [warning(`the zone has ${what} open for everyone: a door there opens nothing; ${mend} --remove-port=${what}`)]
    for (const service of zone.services) {
      const info = await this.#run([`--info-service=${service}`], [])
      const ports = /^ +ports: (.*)$/m.exec(info.stdout)?.[1]?.split(' ') ?? []
      if (holdsPort(ports, this.#port)) return [warning(`the zone has service ${service} open for everyone: a door to ${what} opens nothing; ${mend} --remove-service=${service}`)]
    }
    return []
  }

  readonly kill = (address: Address): Promise<Outcome> => killFlows(this.#target, address, this.#tools)

  /** The same time-out goes into one command. */
  async #put(entries: readonly Entry[]): Promise<Outcome[]> {
    const outcomes = await inGroups(entries, ({ seconds }) => seconds, (seconds, own) =>
      this.#change('--add-rich-rule', own.map(({ address }) => address), [`--timeout=${seconds}`]))
    for (const [index, { address, seconds }] of entries.entries()) {
      if (outcomes[index]!.kind === 'done') this.#ends.set(address, performance.now() + seconds * 1000)
    }
    return outcomes
  }

  async #takeAway(addresses: readonly Address[]): Promise<Outcome[]> {
    const outcomes = await this.#change('--remove-rich-rule', addresses, [])
    for (const [index, address] of addresses.entries()) if (outcomes[index]!.kind === 'done') this.#ends.delete(address)
    return outcomes
  }

  /** All by one command; if that fails, one by one. */
  async #change(verb: '--add-rich-rule' | '--remove-rich-rule', addresses: readonly Address[], more: readonly string[]): Promise<Outcome[]> {
    if (addresses.length === 0) return []
    const ran = await this.#run([...addresses.map((address) => `${verb}=${richRule(address, this.#port)}`), ...more])
    if (ran.timedOut || (ran.code !== 0 && addresses.length === 1)) return addresses.map(() => failed(whyFailed(PROGRAM, ran)))
    // Somebody was quicker: that rule has its own end, or none.
    if (ran.code === 0) return addresses.map((address) => (ran.stderr.includes(`ALREADY_ENABLED: '${richRule(address, this.#port)}'`) ? FOREIGN : DONE))
    const outcomes: Outcome[] = []
    for (const address of addresses) outcomes.push(...await this.#change(verb, [address], more))
    return outcomes
  }

  /** Text says why not. */
  async #look(): Promise<Rules | string> {
    const [runtime, permanent] = await Promise.all([this.#run(['--list-rich-rules']), this.#run(['--permanent', '--list-rich-rules'])])
    const bad = [runtime, permanent].find(({ code, timedOut }) => code !== 0 || timedOut)
    if (bad) return whyFailed(PROGRAM, bad)
    return { runtime: admittedBy(runtime.stdout, this.#port), permanent: admittedBy(permanent.stdout, this.#port) }
  }

  #whyNot(ran: Ran): Finding {
    const why = whyFailed(PROGRAM, ran)
    const zone = this.#target.settings['zone']?.[0]
    if (/INVALID_ZONE/.test(ran.stderr)) return error(`firewalld has no zone ${zone}: firewall-cmd --permanent --new-zone=${zone}; firewall-cmd --reload`)
    if (/not running|DBUS_ERROR/.test(ran.stderr)) return error(`firewalld is not running: systemctl start firewalld (${why})`)
    return error(`${why}; it needs root`)
  }

  #secondsLeft(address: Address): number | undefined {
    const end = this.#ends.get(address)
    return end === undefined ? undefined : Math.max(1, Math.ceil((end - performance.now()) / 1000))
  }

  #zone(): string[] {
    const zone = this.#target.settings['zone']?.[0]
    return zone === undefined ? [] : [`--zone=${zone}`]
  }

  #program(): string | undefined {
    return this.#target.settings['program']?.[0] ?? this.#tools.find(PROGRAM)
  }

  #run(args: readonly string[], zone = this.#zone()): Promise<Ran> {
    const program = this.#program()
    if (program === undefined) return Promise.resolve(NOT_INSTALLED)
    return this.#tools.run({ program, args: [...zone, ...args], timeLimitMs: LIMIT_MS, onTimeLimit: 'group', stdoutBytes: OUTPUT_BYTES })
  }
}

/** Outcomes of some of the items, in the order of all of them. */
function byAddress(
  items: readonly { readonly address: Address }[], some: readonly { readonly address: Address }[], outcomes: readonly Outcome[], others: Outcome,
): Outcome[] {
  const known = new Map(some.map(({ address }, index) => [address, outcomes[index]!]))
  return items.map(({ address }) => known.get(address) ?? others)
}

function warning(message: string): Finding {
  return { severity: 'warning', message }
}
