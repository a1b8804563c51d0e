import type { Address } from '../../parsers/address.ts'
import { reasonOf } from '../error.ts'
import type { Entry, Firewall, Listing, Outcome } from './firewall.ts'
import { checkHostsAllow } from './hosts-allow-check.ts'
import { readHosts, writeHosts, type AllowLine } from './hosts-allow-text.ts'
import { readText, replaceText } from './whole-file.ts'
import { killFlows } from './kill-flows.ts'
import { DONE, failed } from './outcome.ts'
import type { Target } from './target.ts'
import type { Opener, Tools } from './tools.ts'

const FILE = '/etc/hosts.allow'
const DAEMONS = ['sshd']

/** Lines between two markers in the file that TCP wrappers read at each connection. What is between the markers is ours. */
export const openHostsAllow: Opener = (target, _label, tools) => new HostsAllow(target, tools)

class HostsAllow implements Firewall {
  readonly #target: Target
  readonly #file: string
  readonly #daemons: readonly string[]
  readonly #tools: Tools

  constructor(target: Target, tools: Tools) {
    this.#target = target
    this.#file = target.settings['file']?.[0] ?? FILE
    this.#daemons = target.settings['daemons'] ?? DAEMONS
    this.#tools = tools
  }

  readonly add = (entries: readonly Entry[]): Promise<Outcome[]> =>
    this.#edit(entries.map(({ address }) => address), (ours, addresses) => {
      const there = new Set(ours.filter((line) => this.#isOwn(line)).map(({ address }) => address))
      return [...ours, ...[...addresses].filter((address) => !there.has(address)).map((address) => ({ daemons: this.#daemons.join(' '), address }))]
    })

  /** Entries end when they are removed: there is no time to be changed. */
  readonly renew = this.add

  readonly remove = (addresses: readonly Address[]): Promise<Outcome[]> =>
    this.#edit(addresses, (ours, gone) => ours.filter((line) => !(this.#isOwn(line) && gone.has(line.address))))

  readonly list = async (): Promise<Listing> => {
    try {
      const own = readHosts(await readText(this.#file)).ours.filter((line) => this.#isOwn(line))
      const addresses = [...new Set(own.map(({ address }) => address))]
      return { kind: 'listed', entries: addresses.map((address) => ({ address, seconds: undefined, mark: 'ours' })) }
    } catch (error) {
      return { kind: 'failed', why: `${this.#file}: ${reasonOf(error)}` }
    }
  }

  readonly check = () => checkHostsAllow(this.#file, this.#daemons, this.#tools)
  readonly kill = (address: Address): Promise<Outcome> => killFlows(this.#target, address, this.#tools)

  /** Other targets' lines, for other daemons, stand in the same block. */
  #isOwn({ daemons }: AllowLine): boolean {
    return daemons === this.#daemons.join(' ')
  }

  async #edit(addresses: readonly Address[], change: (ours: readonly AllowLine[], addresses: ReadonlySet<Address>) => readonly AllowLine[]): Promise<Outcome[]> {
    const problem = await replaceText(this.#file, (text) => {
      const { ours, others } = readHosts(text)
      return writeHosts({ ours: change(ours, new Set(addresses)), others })
    }, { tools: this.#tools, backup: true })
    return addresses.map(() => (problem === undefined ? DONE : failed(problem)))
  }
}
