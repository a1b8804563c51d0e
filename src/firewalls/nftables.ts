import { isIPv6, type Address } from '../../parsers/address.ts'
import type { Entry, Firewall, Listed, Listing, Outcome } from './firewall.ts'
import { inGroups } from './groups.ts'
import { killFlows } from './kill-flows.ts'
import { checkNftables } from './nft-check.ts'
import { findSet, listedOf } from './nft-json.ts'
import { MOST_ASKED, readElements } from './nft-get.ts'
import { NftLines } from './nft-lines.ts'
import { nftSession, type LineResult } from './nft-session.ts'
import { DONE, failed, FOREIGN, unserved, whyFailed } from './outcome.ts'
import { LISTING_BYTES, NOT_INSTALLED, type Ran } from './run.ts'
import type { Target } from './target.ts'
import type { Opener, Tools } from './tools.ts'

const PROGRAM = 'nft'
const LOOK_LIMIT_MS = 10_000


/** What nft says where there is no such element, or no such set: the same to who wants it away. */
const MISSING = /No such file or directory|does not exist/
const EXISTS = /File exists/
/** In a set with `flags interval`, where somebody's prefix or range holds the address. */
const OVERLAPS = /interval overlaps/

/** Elements with a time-out and a comment in the sets of the user's own ruleset, by a session that stays. nft(8) 1.0.6. */
export const openNftables: Opener = (target, label, tools) => new Nftables(target, label, tools)

class Nftables implements Firewall {
  readonly #target: Target
  readonly #tools: Tools
  readonly #lines: NftLines

  constructor(target: Target, label: string, tools: Tools) {
    this.#target = target
    this.#tools = tools
    this.#lines = new NftLines(target, label)
  }

  readonly begin = (): void => {
    const program = this.#program()
    if (program !== undefined) nftSession(program).begin()
  }

  readonly add = (entries: readonly Entry[]): Promise<Outcome[]> => this.#bySet(entries, (set, own) => this.#create(set, own))
  readonly renew = (entries: readonly Entry[]): Promise<Outcome[]> => this.#bySet(entries, (set, own) => this.#claim(set, own))
  readonly remove = (addresses: readonly Address[]): Promise<Outcome[]> =>
    this.#bySet(addresses.map((address) => ({ address })), (set, own) => this.#deleteOurs(set, own))

  readonly list = async (): Promise<Listing> => {
    const listings = await Promise.all(this.#sets().map((set) => this.#listSet(set)))
    const entries: Listed[] = []
    for (const listing of listings) {
      if (listing.kind === 'failed') return listing
      entries.push(...listing.entries)
    }
    return { kind: 'listed', entries }
  }

  readonly check = () => checkNftables(this.#target, this.#program(), this.#tools)
  readonly kill = (address: Address): Promise<Outcome> => killFlows(this.#target, address, this.#tools)

  #program(): string | undefined {
    return this.#target.settings['program']?.[0] ?? this.#tools.find(PROGRAM)
  }

  #sets(): string[] {
    return [this.#target.settings['set4'], this.#target.settings['set6']].flatMap((words) => words?.join(' ') ?? [])
  }

  #bySet<T extends { readonly address: Address }>(items: readonly T[], act: (set: string, own: readonly T[]) => Promise<Outcome[]>): Promise<Outcome[]> {
    return inGroups(items, ({ address }) => this.#setOf(address), (set, own) => {
      if (set === undefined) return Promise.resolve(own.map(() => unserved('no set for that kind of address is configured')))
      return act(set, own)
    })
  }

  #setOf(address: Address): string | undefined {
    return this.#target.settings[isIPv6(address) ? 'set6' : 'set4']?.join(' ')
  }

  /** `create` fails on what is there already: then it is looked whose that is. Of many it is looked at once, and each of them goes its way together with its like. */
  async #create(set: string, entries: readonly Entry[]): Promise<Outcome[]> {
    const problem = await this.#transaction(this.#lines.create(set, entries))
    if (problem === undefined) return entries.map(() => DONE)
    if (entries.length === 1) return this.#created(set, entries, [outcomeOfCreate(problem)])
    const marks = await this.#marksOf(set, entries)
    if (typeof marks === 'string') return entries.map(() => failed(marks))
    return inGroups(entries, ({ address }) => marks.get(address), async (mark, some) => {
      if (mark === 'foreign') return some.map(() => FOREIGN)
      if (mark === 'ours') return this.#refresh(set, some)
      return this.#created(set, some, await this.#each(some, (own) => this.#lines.create(set, own), outcomeOfCreate))
    })
  }

  /** Looks whose that is which was there already. */
  async #created(set: string, entries: readonly Entry[], outcomes: readonly (Outcome | 'exists')[]): Promise<Outcome[]> {
    const present = entries.filter((_, index) => outcomes[index] === 'exists')
    const claimed = present.length === 0 ? [] : await this.#claim(set, present)
    return outcomes.map((outcome) => (outcome === 'exists' ? claimed.shift()! : outcome))
  }

  /** Renews those that bear our mark, or have just expired; leaves the others alone. */
  async #claim(set: string, present: readonly Entry[]): Promise<Outcome[]> {
    const marks = await this.#marksOf(set, present)
    if (typeof marks === 'string') return present.map(() => failed(marks))
    return inGroups(present, ({ address }) => marks.get(address) === 'foreign', async (isForeign, some) =>
      (isForeign ? some.map(() => FOREIGN) : this.#refresh(set, some)))
  }

  #refresh(set: string, entries: readonly Entry[]): Promise<Outcome[]> {
    return this.#each(entries, (some) => this.#lines.refresh(set, some), (problem) => (problem === undefined ? DONE : failed(`nft: ${problem} (set ${set})`)))
  }

  /** Whoever asks: what somebody else put there stays, and is not there for us. */
  async #deleteOurs(set: string, items: readonly { readonly address: Address }[]): Promise<Outcome[]> {
    const marks = await this.#marksOf(set, items)
    if (typeof marks === 'string') return items.map(() => (MISSING.test(marks) ? DONE : failed(marks)))
    const outcomes = await this.#delete(set, items.filter(({ address }) => marks.get(address) === 'ours'))
    return items.map(({ address }) => (marks.get(address) === 'ours' ? outcomes.shift()! : DONE))
  }

  #delete(set: string, items: readonly { readonly address: Address }[]): Promise<Outcome[]> {
    return this.#each(items, (some) => this.#lines.delete(set, some),
      (problem) => (problem === undefined || MISSING.test(problem) ? DONE : failed(`nft: ${problem} (set ${set})`)))
  }

  /** All in one transaction; if that fails, each in its own. */
  async #each<T, R>(items: readonly T[], command: (some: readonly T[]) => string, result: (problem: string | undefined) => R): Promise<R[]> {
    if (items.length === 0) return []
    const problem = await this.#transaction(command(items))
    if (problem === undefined || items.length === 1) return items.map(() => result(problem))
    return (await this.#transactions(items.map((item) => command([item])))).map(result)
  }

  async #transaction(line: string): Promise<LineResult> {
    return (await this.#transactions([line]))[0]
  }

  async #transactions(lines: readonly string[]): Promise<LineResult[]> {
    const program = this.#program()
    return program === undefined ? lines.map(() => 'it is not installed') : nftSession(program).run(lines)
  }

  /** Of a few it is asked for these: a large set is long to list. Where one is missing, nft tells of none. Text says why it cannot be told. */
  async #marksOf(set: string, items: readonly { readonly address: Address }[]): Promise<ReadonlyMap<Address, Listed['mark']> | string> {
    if (items.length <= MOST_ASKED) {
      const asked = await this.#run(['get', 'element', ...set.split(' '), this.#lines.keys(items)])
      const marks = readElements(asked.stdout)
      if (items.every(({ address }) => marks.has(address))) return marks
    }
    const listing = await this.#listSet(set)
    return listing.kind === 'failed' ? listing.why : new Map(listing.entries.map(({ address, mark }) => [address, mark]))
  }

  async #listSet(set: string): Promise<Listing> {
    const ran = await this.#run(['-j', 'list', 'set', ...set.split(' ')])
    if (ran.code !== 0 || ran.timedOut) return { kind: 'failed', why: whyFailed(PROGRAM, ran) }
    return readListing(ran.stdout, set, this.#target)
  }

  #run(args: readonly string[]): Promise<Ran> {
    const program = this.#program()
    if (program === undefined) return Promise.resolve(NOT_INSTALLED)
    return this.#tools.run({ program, args, timeLimitMs: LOOK_LIMIT_MS, onTimeLimit: 'group', stdoutBytes: LISTING_BYTES })
  }
}

function readListing(json: string, set: string, { port }: Target): Listing {
  try {
    const found = findSet(json, set.split(' ')[2]!)
    return found ? { kind: 'listed', entries: listedOf(found, port) } : { kind: 'failed', why: `nft lists no set ${set}` }
  } catch {
    return { kind: 'failed', why: 'nft lists what is no JSON' }
  }
}

function outcomeOfCreate(problem: string | undefined): Outcome | 'exists' {
  if (problem === undefined) return DONE
  if (OVERLAPS.test(problem)) return FOREIGN
  return EXISTS.test(problem) ? 'exists' : failed(`nft: ${problem}`)
}
