import type { FirewallName } from '../config/firewalls.ts'
import { watchNft, type NftMonitor } from './nft-monitor.ts'
import { findProgram, runCommand, type Runner } from './run.ts'
import type { Target } from './target.ts'

/** Where entries live in nf_tables: whoever changes its ruleset may have taken them away. */
const IN_NF_TABLES: ReadonlySet<FirewallName> = new Set(['nftables', 'iptables', 'ufw', 'firewalld'])

/** After a change that may be ours, comparing can wait. */
const DELAY_MS = { own: 2000, others: 50 } as const

/** Tells which firewalls may have lost entries. */
export class RulesetWatch {
  readonly #changed: (firewall: FirewallName) => void
  #monitor: NftMonitor | undefined
  #lastOwn = Number.NEGATIVE_INFINITY

  constructor(changed: (firewall: FirewallName) => void) {
    this.#changed = changed
  }

  /** Runs programs, and knows that a change of these moments may be theirs. */
  readonly run: Runner = async (command) => {
    const ran = await runCommand(command)
    this.#lastOwn = performance.now()
    return ran
  }

  /** From now on for these targets. */
  follow(targets: readonly Target[]): void {
    this.stop()
    const watched = new Set(targets.map(({ firewall }) => firewall).filter((name) => IN_NF_TABLES.has(name)))
    const program = targets.find(({ firewall }) => firewall === 'nftables')?.settings['program']?.[0] ?? findProgram('nft')
    if (watched.size === 0 || program === undefined) return
    // The session that makes nftables' entries is known by its process: only what runs programs takes others' changes for its own.
    const byPrograms = [...watched].some((name) => name !== 'nftables')
    this.#monitor = watchNft({
      program,
      changed: () => watched.forEach((firewall) => this.#changed(firewall)),
      delayMs: () => (byPrograms && performance.now() - this.#lastOwn < DELAY_MS.own ? DELAY_MS.own : DELAY_MS.others),
    })
  }

  stop(): void {
    this.#monitor?.stop()
    this.#monitor = undefined
  }
}
