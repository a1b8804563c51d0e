import type { Address } from '../../parsers/address.ts'
import type { Config } from '../config/config.ts'
import { refusal } from '../grants/admission.ts'
import { checkAllows } from './allow-check.ts'
import { TRAITS, type Finding, type Firewall } from './firewall.ts'
import { checkLogRules } from './log-check.ts'
import { labelOf } from './label.ts'
import { openFirewall } from './open.ts'
import type { Target, TargetId } from './target.ts'
import { plannedTargets, type PlannedTarget } from './targets.ts'
import type { Tools } from './tools.ts'
import type { UsedTargets } from './used-targets.ts'

/** What is to be done for one address, or looked at. */
export interface Wish {
  readonly target: TargetId
  readonly address?: Address
  /** Only of what makes entries, or renews them. */
  readonly seconds?: number
}

/** The targets of a configuration, and those that were used before: at these only what undoes and what looks is allowed. */
export class OpenTargets {
  readonly #tools: Tools
  readonly #used: UsedTargets
  #neverOpen: Config['neverOpen'] = []
  #proxies: Config['proxies'] = []
  #alwaysAllow: Config['alwaysAllow'] = []
  #sources: Config['sources'] = []
  #planned: ReadonlyMap<TargetId, PlannedTarget> = new Map()
  #firewalls = new Map<TargetId, Promise<Firewall>>()

  constructor(used: UsedTargets, tools: Tools) {
    this.#used = used
    this.#tools = tools
  }

  get planned(): readonly Target[] {
    return [...this.#planned.values()].map(({ target }) => target)
  }

  load(config: Config): void {
    this.#planned = plannedTargets(config)
    this.#neverOpen = config.neverOpen
    this.#proxies = config.proxies
    this.#alwaysAllow = config.alwaysAllow
    this.#sources = config.sources
    this.#firewalls = new Map()
  }

  /** Opens those of the configuration, as far as that makes the first use of them quicker. */
  begin(): void {
    for (const id of this.#planned.keys()) void this.open(id).then((firewall) => firewall.begin?.())
  }

  find(id: TargetId): Target | undefined {
    return this.#planned.get(id)?.target ?? this.#used.find(id)
  }

  /** Why it is not done; undefined: it may be. Then it is on disk, if need be, that the target is used. */
  refusal({ target: id, address, seconds }: Wish): string | undefined {
    const target = this.find(id)
    if (!target) return 'there is no such target'
    if (address === undefined) return undefined
    const lists = seconds === undefined ? { neverOpen: [], proxies: [] } : { neverOpen: this.#neverOpen, proxies: this.#proxies }
    const refused = refusal(address, { alwaysAllow: [], ...lists })
    if (refused?.kind === 'refused') return `that address is never opened: ${refused.why}`
    if (seconds === undefined) return undefined
    const planned = this.#planned.get(id)
    if (!planned) return 'that target is not in the configuration any more'
    const isKept = this.#used.keep(id, target)
    return isKept || TRAITS[target.firewall].expires ? undefined : 'it cannot be written down that this target is used, and nothing else would close it'
  }

  /** No longer than any rule of the configuration may ask for, whoever asks. */
  capped(id: TargetId, seconds: number): number {
    return Math.min(seconds, this.#planned.get(id)?.maxSeconds ?? 1)
  }

  /** What keeps a target from working, or who would be locked out without us; with the first target also what keeps knocks from being heard. */
  async check(id: TargetId): Promise<Finding[]> {
    const { firewall } = this.find(id)!
    const isFirst = this.#planned.keys().next().value === id
    return [
      ...await (await this.open(id)).check(),
      ...await checkAllows(firewall, this.#alwaysAllow, this.#tools),
      ...(isFirst ? await checkLogRules(this.#sources, this.#tools) : []),
    ]
  }

  open(id: TargetId): Promise<Firewall> {
    const opened = this.#firewalls.get(id) ?? openFirewall(this.find(id)!, labelOf(this.#planned.get(id)?.rules ?? []), this.#tools)
    this.#firewalls.set(id, opened)
    return opened
  }
}
