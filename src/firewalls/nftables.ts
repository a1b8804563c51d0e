import type { Address } from '../../parsers/address.ts'
import type { Entry, Firewall, Listed, Listing, Outcome } from './firewall.ts'
import { inGroups } from './groups.ts'
import { killFlows } from './kill-flows.ts'
import { checkNftables } from './nft-check.ts'
import { findSet, listedOf } from './nft-json.ts'
import { nftSession, type NftSession } from './nft-session.ts'
import { DONE, failed, FOREIGN, unserved, whyFailed } from './outcome.ts'
import type { Target } from './target.ts'
import type { Opener, Tools } from './tools.ts'

const PROGRAM = 'nft'
const LIST_LIMIT_MS = 10_000

/** Enough for a set of a few hundred thousand. */
const LIST_BYTES = 64 * 1024 * 1024

/** What nft says where there is no such element, or no such set: the same to who wants it away. */
const MISSING = /No such file or directory|does not exist/
const EXISTS = /File exists/
/** In a set with `flags interval`, where somebody's prefix or range holds the address. */
const OVERLAPS = /interval overlaps/

/** Elements with a time-out and a comment in the sets of the user's own ruleset, by a session that stays. nft(8) 1.0.6. */
export const openNftables: Opener = (target, label, tools) => new Nftables(target, label, tools)

class Nftables implements Firewall {
  readonly #target: Target
  readonly #label: string
  readonly #tools: Tools

  constructor(target: Target, label: string, tools: Tools) {
    this.#target = target
    this.#label = label
    this.#tools = tools
  }

  readonly begin = (): void => {
    const program = this.#program()
    if (program !== undefined) nftSession(program).begin()
  }

  readonly add = (entries: readonly Entry[]): Promise<Outcome[]> => this.#bySet(entries, (set, own) => this.#create(set, own))
  readonly renew = (entries: readonly Entry[]): Promise<Outcome[]> => this.#bySet(entries, async (set, own) => [...(await this.#claim(set, own)).values()])
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
    return this.#target.settings[address.includes(':') ? 'set6' : 'set4']?.join(' ')
  }

  /** `create` fails on what is there already: then it is looked whose that is. */
  async #create(set: string, entries: readonly Entry[]): Promise<Outcome[]> {
    const created = await this.#each(entries, (some) => `create element ${set} { ${this.#elements(some)} }`, outcomeOfCreate)
    const present = entries.filter((_, index) => created[index] === 'exists')
    if (present.length === 0) return created.map((outcome) => (outcome === 'exists' ? FOREIGN : outcome))
    const looked = await this.#claim(set, present)
    return created.map((outcome, index) => (outcome === 'exists' ? looked.get(entries[index]!.address)! : outcome))
  }

  /** Renews those that bear our mark, or have just expired; leaves the others alone. */
  async #claim(set: string, present: readonly Entry[]): Promise<Map<Address, Outcome>> {
    const listing = await this.#listSet(set)
    if (listing.kind === 'failed') return new Map(present.map(({ address }) => [address, failed(listing.why)]))
    const others = new Set(listing.entries.filter(({ mark }) => mark === 'foreign').map(({ address }) => address))
    const outcomes = new Map<Address, Outcome>(present.map(({ address }) => [address, FOREIGN]))
    const ours = present.filter(({ address }) => !others.has(address))
    const renewed = ours.length === 0 ? [] : await this.#refresh(set, ours)
    for (const [index, { address }] of ours.entries()) outcomes.set(address, renewed[index]!)
    return outcomes
  }

  /** Kernels before 6.12 keep the old time-out of an element that is added again: so it is taken away and made anew, all in one transaction. */
  #refresh(set: string, entries: readonly Entry[]): Promise<Outcome[]> {
    return this.#each(entries, (some) => {
      const add = `add element ${set} { ${this.#elements(some)} }`
      return `${add}; delete element ${set} { ${this.#keys(some)} }; ${add}`
    }, (problem) => (problem === undefined ? DONE : failed(`nft: ${problem} (set ${set})`)))
  }

  /** Whoever asks: what somebody else put there stays, and is not there for us. */
  async #deleteOurs(set: string, items: readonly { readonly address: Address }[]): Promise<Outcome[]> {
    const listing = await this.#listSet(set)
    if (listing.kind === 'failed') return items.map(() => (MISSING.test(listing.why) ? DONE : failed(listing.why)))
    const ours = new Set(listing.entries.filter(({ mark }) => mark === 'ours').map(({ address }) => address))
    const outcomes = await this.#delete(set, items.filter(({ address }) => ours.has(address)))
    return items.map(({ address }) => (ours.has(address) ? outcomes.shift()! : DONE))
  }

  #delete(set: string, items: readonly { readonly address: Address }[]): Promise<Outcome[]> {
    return this.#each(items, (some) => `delete element ${set} { ${this.#keys(some)} }`,
      (problem) => (problem === undefined || MISSING.test(problem) ? DONE : failed(`nft: ${problem} (set ${set})`)))
  }

  #elements(entries: readonly Entry[]): string {
    return entries.map(({ address, seconds }) => `${this.#key(address)} timeout ${seconds}s comment "${this.#label}"`).join(', ')
  }

  #keys(items: readonly { readonly address: Address }[]): string {
    return items.map(({ address }) => this.#key(address)).join(', ')
  }

  #key(address: Address): string {
    const { port } = this.#target
    return port ? `${address} . ${port.proto} . ${port.port}` : address
  }

  /** All in one transaction; if that fails, each in its own. */
  async #each<T, R>(items: readonly T[], command: (some: readonly T[]) => string, result: (problem: string | undefined) => R): Promise<R[]> {
    const program = this.#program()
    if (program === undefined) return items.map(() => result('it is not installed'))
    const session: NftSession = nftSession(program)
    if (items.length === 0) return []
    const [problem] = await session.run([command(items)])
    if (problem === undefined || items.length === 1) return items.map(() => result(problem))
    return (await session.run(items.map((item) => command([item])))).map(result)
  }

  async #listSet(set: string): Promise<Listing> {
    const program = this.#program()
    if (program === undefined) return { kind: 'failed', why: 'nft is not installed' }
    const args = ['-j', 'list', 'set', ...set.split(' ')]
    const ran = await this.#tools.run({ program, args, timeLimitMs: LIST_LIMIT_MS, onTimeLimit: 'group', stdoutBytes: LIST_BYTES })
    if (ran.code !== 0 || ran.timedOut) return { kind: 'failed', why: whyFailed(PROGRAM, ran) }
    return readListing(ran.stdout, set, this.#target)
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
