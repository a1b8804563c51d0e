import { parseAddress, type Address } from '../../parsers/address.ts'
import type { Entry, Finding, Firewall, Listing, Outcome } from './firewall.ts'
import { DONE, failed, FOREIGN, unserved, whyFailed } from './outcome.ts'
import { checkPfTable } from './pf-check.ts'
import { statesOf } from './pf-states.ts'
import { LISTING_BYTES, NOT_INSTALLED, type Ran } from './run.ts'
import { portsOf, type Target } from './target.ts'
import type { Opener, Tools } from './tools.ts'

const PROGRAM = 'pfctl'
const LIMIT_MS = 10_000

/** pfctl_table.c's words for ESRCH. */
const NO_TABLE = /Table does not exist/

/**
 * Addresses in a table of pf(4), by pfctl(8) as OpenBSD has it. Written after its manual and its source, and driven against a
 * recorder that keeps a table as pfctl would; not run on OpenBSD yet. Entries bear no mark and never expire.
 */
export const openPf: Opener = (target, _label, tools) => new Pf(target, tools)

class Pf implements Firewall {
  readonly #target: Target
  readonly #tools: Tools
  readonly #table: string

  constructor(target: Target, tools: Tools) {
    this.#target = target
    this.#tools = tools
    this.#table = target.settings['table']?.[0] ?? ''
  }

  /** `-T add` makes a table that is missing, and nothing would use it: so it is looked first, which also tells what was there. */
  readonly add = async (entries: readonly Entry[]): Promise<Outcome[]> => {
    const listing = await this.list()
    if (listing.kind === 'failed') return entries.map(() => failed(listing.why))
    const before = new Set(listing.entries.map(({ address }) => address))
    const outcomes = await this.#change('add', entries.flatMap(({ address }) => (before.has(address) ? [] : address)))
    return entries.map(({ address }) => outcomes.get(address) ?? FOREIGN)
  }

  readonly renew = async (entries: readonly Entry[]): Promise<Outcome[]> => {
    const listing = await this.list()
    if (listing.kind === 'failed') return entries.map(() => failed(listing.why))
    const there = new Set(listing.entries.map(({ address }) => address))
    const outcomes = await this.#change('add', entries.flatMap(({ address }) => (there.has(address) ? [] : address)))
    return entries.map(({ address }) => outcomes.get(address) ?? DONE)
  }

  readonly remove = async (addresses: readonly Address[]): Promise<Outcome[]> => {
    const outcomes = await this.#change('delete', addresses)
    return addresses.map((address) => outcomes.get(address)!)
  }

  /** Networks and negated entries are nobody's grant. */
  readonly list = async (): Promise<Listing> => {
    const ran = await this.#run(['-q', '-t', this.#table, '-T', 'show'])
    if (ran.code !== 0 || ran.timedOut) return { kind: 'failed', why: whyFailed(PROGRAM, ran) }
    const addresses = ran.stdout.split('\n').flatMap((line) => parseAddress(line.trim()) ?? [])
    return { kind: 'listed', entries: addresses.map((address) => ({ address, seconds: undefined, mark: 'unmarked' })) }
  }

  readonly check = async (): Promise<Finding[]> => {
    if (this.#program() === undefined) return [{ severity: 'error', message: 'pfctl is not installed: pf is OpenBSD\'s' }]
    const ran = await this.#run(['-vvsTables'])
    if (ran.code !== 0 || ran.timedOut) return [{ severity: 'error', message: `${whyFailed(PROGRAM, ran)}; it needs root` }]
    return checkPfTable(ran.stdout, this.#table)
  }

  /** One by one, by their ids: `-k ADDRESS` would end all flows of that address, whatever they are for. */
  readonly kill = async (address: Address): Promise<Outcome> => {
    const ports = portsOf(this.#target)
    if (ports.length === 0) return unserved('no port says which states are meant')
    const states = await this.#run(['-vvss'])
    if (states.code !== 0 || states.timedOut) return failed(whyFailed(PROGRAM, states))
    for (const id of statesOf(states.stdout, address, ports)) {
      const ran = await this.#run(['-q', '-k', 'id', '-k', id])
      if (ran.code !== 0 || ran.timedOut) return failed(whyFailed(PROGRAM, ran))
    }
    return DONE
  }

  /** All in one command; if that fails, one by one. */
  async #change(verb: 'add' | 'delete', addresses: readonly Address[]): Promise<Map<Address, Outcome>> {
    if (addresses.length === 0) return new Map()
    const outcome = this.#outcome(verb, await this.#run(['-q', '-t', this.#table, '-T', verb, ...addresses]))
    if (outcome.kind === 'done' || addresses.length === 1) return new Map(addresses.map((address) => [address, outcome]))
    const outcomes = new Map<Address, Outcome>()
    for (const address of addresses) for (const [own, result] of await this.#change(verb, [address])) outcomes.set(own, result)
    return outcomes
  }

  #outcome(verb: 'add' | 'delete', ran: Ran): Outcome {
    if (!ran.timedOut && (ran.code === 0 || (verb === 'delete' && NO_TABLE.test(ran.stderr)))) return DONE
    return failed(`${whyFailed(PROGRAM, ran)} (table ${this.#table})`)
  }

  #program(): string | undefined {
    return this.#target.settings['program']?.[0] ?? this.#tools.find(PROGRAM)
  }

  #run(args: readonly string[]): Promise<Ran> {
    const program = this.#program()
    if (program === undefined) return Promise.resolve(NOT_INSTALLED)
    return this.#tools.run({ program, args, timeLimitMs: LIMIT_MS, onTimeLimit: 'group', stdoutBytes: LISTING_BYTES })
  }
}
