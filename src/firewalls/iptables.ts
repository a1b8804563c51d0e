import type { Address } from '../../parsers/address.ts'
import type { Entry, Firewall, Listed, Listing, Outcome } from './firewall.ts'
import { inGroups } from './groups.ts'
import { CHAIN, FAMILIES, familyOf, lookAtChains, placeOfJump, runIptables, WAIT, type Chains, type Family } from './iptables-chains.ts'
import { checkIptables } from './iptables-check.ts'
import { admitted, quotedWord, type IptablesRule } from './iptables-rules.ts'
import { killFlows } from './kill-flows.ts'
import { isOurs } from './label.ts'
import { DONE, failed, FOREIGN, unserved, whyFailed } from './outcome.ts'
import type { Ran } from './run.ts'
import type { OpenPort } from '../config/config.ts'
import type { Target } from './target.ts'
import type { Opener, Tools } from './tools.ts'

/** Where the kernel was told to do without IPv6. */
const NO_FAMILY = /Address family not supported/

/**
 * Rules in a chain of our own, reached from INPUT before the first rule that drops or rejects. Whoever loads a ruleset of his
 * own takes chain and jump away: both are put back with the next entry.
 */
export const openIptables: Opener = (target, label, tools) => new Iptables(target, label, tools)

class Iptables implements Firewall {
  readonly #target: Target
  readonly #port: OpenPort | undefined
  readonly #label: string
  readonly #tools: Tools

  constructor(target: Target, label: string, tools: Tools) {
    this.#target = target
    this.#port = target.port
    this.#label = label
    this.#tools = tools
  }

  readonly add = (entries: readonly Entry[]): Promise<Outcome[]> =>
    inGroups(entries.map(({ address }) => address), familyOf, (family, addresses) => this.#add(family, addresses))

  /** Entries end when they are removed: there is no time to be changed. */
  readonly renew = this.add

  readonly remove = (addresses: readonly Address[]): Promise<Outcome[]> =>
    inGroups(addresses, familyOf, (family, own) => this.#remove(family, own))

  /** Entries that nothing reaches any more would look as if they were in force: so the jump is put back, too. */
  readonly list = async (): Promise<Listing> => {
    const entries: Listed[] = []
    for (const family of FAMILIES.filter((one) => this.#tools.find(one) !== undefined)) {
      const chains = await lookAtChains(family, this.#tools)
      if (typeof chains === 'string' && NO_FAMILY.test(chains)) continue
      if (typeof chains === 'string') return { kind: 'failed', why: chains }
      const problem = chains.own && chains.own.length > 0 ? await this.#reach(family, chains) : undefined
      if (problem !== undefined) return { kind: 'failed', why: problem }
      entries.push(...this.#listed(chains))
    }
    return { kind: 'listed', entries }
  }

  readonly check = () => checkIptables(this.#port, this.#tools)
  readonly kill = (address: Address): Promise<Outcome> => killFlows(this.#target, address, this.#tools)

  #listed({ own = [] }: Chains): Listed[] {
    const byAddress = new Map<Address, Listed>()
    for (const { address, rule } of this.#entries(own)) {
      const mark = isOurs(rule.comment) ? 'ours' : (byAddress.get(address)?.mark ?? 'foreign')
      byAddress.set(address, { address, seconds: undefined, mark })
    }
    return [...byAddress.values()]
  }

  #entries(rules: readonly IptablesRule[]): { readonly address: Address; readonly rule: IptablesRule }[] {
    return rules.flatMap((rule) => {
      const address = this.#port && admitted(rule, this.#port)
      return address === undefined ? [] : [{ address, rule }]
    })
  }

  async #add(family: Family, addresses: readonly Address[]): Promise<Outcome[]> {
    if (this.#tools.find(family) === undefined) return addresses.map(() => unserved(`${family} is not installed`))
    const chains = await lookAtChains(family, this.#tools)
    if (typeof chains === 'string') return addresses.map(() => failed(chains))
    const problem = await this.#reach(family, chains)
    if (problem !== undefined) return addresses.map(() => failed(problem))
    const marks = new Map(this.#listed(chains).map(({ address, mark }) => [address, mark]))
    const missing = addresses.filter((address) => !marks.has(address))
    const made = await this.#change(family, missing.map((address) => this.#rule('-A', address, this.#label)))
    const outcomes = new Map(missing.map((address, index) => [address, made[index]!]))
    return addresses.map((address) => outcomes.get(address) ?? (marks.get(address) === 'ours' ? DONE : FOREIGN))
  }

  async #remove(family: Family, addresses: readonly Address[]): Promise<Outcome[]> {
    if (this.#tools.find(family) === undefined) return addresses.map(() => DONE)
    const chains = await lookAtChains(family, this.#tools)
    if (typeof chains === 'string') return addresses.map(() => failed(chains))
    const wanted = new Set(addresses)
    const ours = this.#entries(chains.own ?? []).filter(({ address, rule }) => wanted.has(address) && isOurs(rule.comment))
    const gone = await this.#change(family, ours.map(({ address, rule }) => this.#rule('-D', address, rule.comment!)))
    const outcomes = new Map<Address, Outcome>()
    for (const [index, { address }] of ours.entries()) if (outcomes.get(address)?.kind !== 'failed') outcomes.set(address, gone[index]!)
    return addresses.map((address) => outcomes.get(address) ?? DONE)
  }

  #rule(command: '-A' | '-D', address: Address, comment: string): string[] {
    const { proto, port } = this.#port!
    return [command, CHAIN, '-s', address, '-p', proto, '--dport', String(port), '-m', 'comment', '--comment', comment, '-j', 'ACCEPT']
  }

  /** All in one transaction; if that fails, one by one. */
  async #change(family: Family, rules: readonly (readonly string[])[]): Promise<Outcome[]> {
    if (rules.length > 1) {
      const lines = rules.map((rule) => rule.map((word) => (word.includes(' ') ? quotedWord(word) : word)).join(' '))
      const ran = await runIptables(`${family}-restore`, ['--noflush', ...WAIT], this.#tools, `*filter\n${lines.join('\n')}\nCOMMIT\n`)
      if (ran.code === 0) return rules.map(() => DONE)
      if (ran.timedOut) return rules.map(() => failed(whyFailed(`${family}-restore`, ran)))
    }
    const outcomes: Outcome[] = []
    for (const rule of rules) outcomes.push(outcomeOf(family, await runIptables(family, [...WAIT, ...rule], this.#tools)))
    return outcomes
  }

  /** Sees to it that our chain is there, and is reached from INPUT. Answers why it cannot be. */
  async #reach(family: Family, { own, input }: Chains): Promise<string | undefined> {
    const place = placeOfJump(input)
    const steps = [
      ...(own ? [] : [['-N', CHAIN]]),
      ...(input.some(({ target }) => target === CHAIN) ? [] : [['-I', 'INPUT', String(place), '-j', CHAIN]]),
    ]
    for (const step of steps) {
      const outcome = outcomeOf(family, await runIptables(family, [...WAIT, ...step], this.#tools))
      if (outcome.kind === 'failed') return outcome.why
    }
    return undefined
  }
}

function outcomeOf(family: Family, ran: Ran): Outcome {
  return ran.code === 0 && !ran.timedOut ? DONE : failed(whyFailed(family, ran))
}
