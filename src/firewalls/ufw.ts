import type { Address } from '../../parsers/address.ts'
import type { OpenPort } from '../config/config.ts'
import type { Entry, Firewall, Listed, Listing, Outcome } from './firewall.ts'
import { killFlows } from './kill-flows.ts'
import { isOurs } from './label.ts'
import { DONE, failed, FOREIGN, unserved, whyFailed } from './outcome.ts'
import type { Target } from './target.ts'
import type { Opener, Tools } from './tools.ts'
import { checkUfw } from './ufw-check.ts'
import { UFW_FOLDER } from './ufw-files.ts'
import { inUfwQueue, UfwState, type UfwSeen } from './ufw-state.ts'

/**
 * Rules of ufw(8) with our comment, put before all others. ufw's exit code says little (0 where it is inactive, where a rule is
 * there already, where its disk is full): what was done is read from its files and from the kernel.
 */
export const openUfw: Opener = (target, label, tools) => openUfwIn(UFW_FOLDER)(target, label, tools)

/** `folder`: where ufw's files are to be found. */
export function openUfwIn(folder: string): Opener {
  return (target, label, tools) => new Ufw(target, label, tools, folder)
}

class Ufw implements Firewall {
  readonly #target: Target
  readonly #port: OpenPort
  readonly #label: string
  readonly #tools: Tools
  readonly #state: UfwState

  constructor(target: Target, label: string, tools: Tools, folder: string) {
    this.#target = target
    this.#port = target.port!
    this.#label = label
    this.#tools = tools
    this.#state = new UfwState(this.#port, target.settings['program']?.[0], tools, folder)
  }

  readonly add = (entries: readonly Entry[]): Promise<Outcome[]> => this.#each(entries.map(({ address }) => address), (address) => this.#addOne(address))

  /** Entries end when they are removed: there is no time to be changed. */
  readonly renew = this.add

  readonly remove = (addresses: readonly Address[]): Promise<Outcome[]> => this.#each(addresses, (address) => this.#removeOne(address))

  readonly list = (): Promise<Listing> =>
    inUfwQueue(async () => {
      const seen = await this.#state.look()
      if (typeof seen === 'string') return { kind: 'failed', why: seen }
      return { kind: 'listed', entries: [...seen.rules].flatMap(([address, rule]) => listed(address, rule, seen)) }
    })

  readonly check = () => inUfwQueue(() => checkUfw(this.#port, this.#state))
  readonly kill = (address: Address): Promise<Outcome> => killFlows(this.#target, address, this.#tools)

  #each(addresses: readonly Address[], act: (address: Address) => Promise<Outcome>): Promise<Outcome[]> {
    return inUfwQueue(async () => {
      const inactive = await this.#state.whyInactive()
      const outcomes: Outcome[] = []
      for (const address of addresses) outcomes.push(inactive === undefined ? await act(address) : failed(inactive))
      return outcomes
    })
  }

  async #addOne(address: Address): Promise<Outcome> {
    const seen = await this.#state.look()
    if (typeof seen === 'string') return failed(seen)
    const rule = seen.rules.get(address)
    if (rule && !rule.action.startsWith('allow')) return unserved(`ufw has a rule of its own for it, which goes first: ${rule.action} from ${address}`)
    if (rule && !isOurs(rule.comment)) return FOREIGN
    if (rule) return this.#state.agree(address, seen)
    const ran = await this.#state.write(['prepend', ...this.#rule(address), 'comment', this.#label])
    if (typeof ran === 'string') return failed(ran)
    if (/IPv6 support not enabled/.test(ran.stderr)) return unserved('ufw does without IPv6: IPV6=yes in /etc/default/ufw')
    if (ran.code !== 0 || ran.timedOut) return failed(whyFailed('ufw', ran))
    return this.#confirm(address, true)
  }

  async #removeOne(address: Address): Promise<Outcome> {
    const seen = await this.#state.look()
    if (typeof seen === 'string') return failed(seen)
    const rule = seen.rules.get(address)
    if (!rule) return this.#state.agree(address, seen)
    if (!isOurs(rule.comment)) return DONE
    const ran = await this.#state.write(['delete', ...this.#rule(address)])
    if (typeof ran === 'string') return failed(ran)
    if (ran.code !== 0 || ran.timedOut) return failed(whyFailed('ufw', ran))
    return this.#confirm(address, false)
  }

  /** What ufw says of its own work counts for nothing. */
  async #confirm(address: Address, isWanted: boolean): Promise<Outcome> {
    const seen = await this.#state.look()
    if (typeof seen === 'string') return failed(seen)
    if (seen.rules.has(address) !== isWanted) return failed(`ufw has ${isWanted ? 'no rule' : 'a rule'} for ${address}, though it said that all went well`)
    return this.#state.agree(address, seen)
  }

  #rule(address: Address): string[] {
    const { proto, port } = this.#port
    return ['allow', 'from', address, 'to', 'any', 'port', String(port), 'proto', proto]
  }
}

/** What the kernel knows nothing of is not in force. */
function listed(address: Address, { action, comment }: { readonly action: string; readonly comment: string | undefined }, { kernel }: UfwSeen): Listed[] {
  if (!action.startsWith('allow') || !kernel.has(address)) return []
  return [{ address, seconds: undefined, mark: isOurs(comment) ? 'ours' : 'foreign' }]
}
