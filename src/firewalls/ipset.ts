import { isIPv6, type Address } from '../../parsers/address.ts'
import type { Entry, Firewall, Listed, Listing, Outcome } from './firewall.ts'
import { inGroups } from './groups.ts'
import { checkIpSets } from './ipset-check.ts'
import { readIpSet, type IpSet, type Member } from './ipset-list.ts'
import { killFlows } from './kill-flows.ts'
import { isOurs } from './label.ts'
import { DONE, failed, FOREIGN, unserved, whyFailed } from './outcome.ts'
import { LISTING_BYTES, NOT_INSTALLED, type Ran } from './run.ts'
import type { Target } from './target.ts'
import type { Opener, Tools } from './tools.ts'

const PROGRAM = 'ipset'
const LIMIT_MS = 10_000

/** ipset(8): the largest time-out. */
const LONGEST_SECONDS = 2_147_483

/** Entries with a time-out in the user's own sets; with our comment where the set was made for comments. */
export const openIpset: Opener = (target, label, tools) => new Ipset(target, label, tools)

class Ipset implements Firewall {
  readonly #target: Target
  readonly #label: string
  readonly #tools: Tools

  constructor(target: Target, label: string, tools: Tools) {
    this.#target = target
    this.#label = label
    this.#tools = tools
  }

  readonly add = (entries: readonly Entry[]): Promise<Outcome[]> => this.#put(entries, (set, member) => set.hasComment && isOurs(member.comment))

  /** Without comments there is no telling whose it is, but for entries without an end, which are never ours. */
  readonly renew = (entries: readonly Entry[]): Promise<Outcome[]> => this.#put(entries, mayBeOurs)

  readonly remove = (addresses: readonly Address[]): Promise<Outcome[]> =>
    inGroups(addresses, (address) => this.#setOf(address), async (name, own) => {
      const set = name === undefined ? undefined : await this.#look(name)
      if (name === undefined || set === undefined) return own.map(() => DONE)
      if (typeof set === 'string') return own.map(() => (MISSING.test(set) ? DONE : failed(set)))
      const ours = own.filter((address) => mayBeOurs(set, set.members.get(address)))
      const gone = await this.#change(ours.map((address) => ['del', name, address]))
      const outcomes = new Map(ours.map((address, index) => [address, gone[index]!]))
      return own.map((address) => outcomes.get(address) ?? DONE)
    })

  readonly list = async (): Promise<Listing> => {
    const entries: Listed[] = []
    for (const name of this.#names()) {
      const set = await this.#look(name)
      if (typeof set === 'string') return { kind: 'failed', why: set }
      for (const [address, member] of set.members) {
        entries.push({ address, seconds: member.seconds === 0 ? undefined : member.seconds, mark: markOf(set, member) })
      }
    }
    return { kind: 'listed', entries }
  }

  readonly check = () => checkIpSets(this.#target, this.#program(), (name) => this.#look(name))
  readonly kill = (address: Address): Promise<Outcome> => killFlows(this.#target, address, this.#tools)

  /** Puts entries in where there is none, or one that may be renewed. */
  #put(entries: readonly Entry[], isRenewed: (set: IpSet, member: Member) => boolean): Promise<Outcome[]> {
    return inGroups(entries, ({ address }) => this.#setOf(address), async (name, own) => {
      if (name === undefined) return own.map(() => unserved('no set for that kind of address is configured'))
      const set = await this.#look(name)
      if (typeof set === 'string') return own.map(() => failed(set))
      const free = own.filter(({ address }) => {
        const member = set.members.get(address)
        return !member || isRenewed(set, member)
      })
      const made = await this.#change(free.map((entry) => this.#addition(name, set, entry)))
      const outcomes = new Map(free.map(({ address }, index) => [address, made[index]!]))
      return own.map(({ address }) => outcomes.get(address) ?? FOREIGN)
    })
  }

  #addition(name: string, { hasComment }: IpSet, { address, seconds }: Entry): string[] {
    const timeout = String(Math.min(seconds, LONGEST_SECONDS))
    return ['add', name, address, 'timeout', timeout, ...(hasComment ? ['comment', this.#label] : [])]
  }

  /** All by one command; where that fails half-way, one by one: `-exist` makes it right to ask twice. */
  async #change(commands: readonly (readonly string[])[]): Promise<Outcome[]> {
    if (commands.length > 1) {
      const lines = commands.map((words) => words.map((word) => (word.includes(' ') ? `"${word}"` : word)).join(' '))
      const ran = await this.#run(['-exist', 'restore'], `${lines.join('\n')}\n`)
      if (ran.code === 0 && !ran.timedOut) return commands.map(() => DONE)
      if (ran.timedOut) return commands.map(() => failed(whyFailed(PROGRAM, ran)))
    }
    const outcomes: Outcome[] = []
    for (const words of commands) {
      const ran = await this.#run(['-exist', ...words])
      outcomes.push(ran.code === 0 && !ran.timedOut ? DONE : failed(`${whyFailed(PROGRAM, ran)} (set ${words[1]})`))
    }
    return outcomes
  }

  /** Text says why not. */
  async #look(name: string): Promise<IpSet | string> {
    const ran = await this.#run(['list', name, '-o', 'xml'])
    if (ran.code !== 0 || ran.timedOut) return `${whyFailed(PROGRAM, ran)} (set ${name})`
    return readIpSet(ran.stdout) ?? `ipset lists set ${name} in a form that is not known`
  }

  #names(): string[] {
    return ['set4', 'set6'].flatMap((key) => this.#target.settings[key]?.[0] ?? [])
  }

  #setOf(address: Address): string | undefined {
    return this.#target.settings[isIPv6(address) ? 'set6' : 'set4']?.[0]
  }

  #program(): string | undefined {
    return this.#target.settings['program']?.[0] ?? this.#tools.find(PROGRAM)
  }

  #run(args: readonly string[], input?: string): Promise<Ran> {
    const program = this.#program()
    if (program === undefined) return Promise.resolve(NOT_INSTALLED)
    return this.#tools.run({ program, args, timeLimitMs: LIMIT_MS, onTimeLimit: 'group', stdoutBytes: LISTING_BYTES, ...(input !== undefined && { input }) })
  }
}

const MISSING = /set with the given name does not exist/

function markOf({ hasComment }: IpSet, { comment, seconds }: Member): Listed['mark'] {
  if (hasComment) return isOurs(comment) ? 'ours' : 'foreign'
  return seconds === 0 || seconds === undefined ? 'foreign' : 'unmarked'
}

function mayBeOurs(set: IpSet, member: Member | undefined): boolean {
  return member !== undefined && markOf(set, member) !== 'foreign'
}
