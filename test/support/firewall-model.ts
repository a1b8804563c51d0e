import type { Address } from '../../parsers/address.ts'
import type { Micros } from '../../parsers/time.ts'
import type { Entry, Outcome } from '../../src/firewalls/firewall.ts'
import type { TargetId } from '../../src/firewalls/target.ts'
import type { Helper } from '../../src/front/helper.ts'

/** How a firewall behaves for a while. half: every other command fails, after it did its work or before. */
export type Mood = 'well' | 'fails' | 'half' | 'hangs'

interface Held {
  readonly owner: 'us' | 'admin'
  /** When the firewall ends it by itself, by the boot clock. */
  readonly until: number
}

export interface ModelTraits {
  readonly expires: boolean
  readonly marks: boolean
  /** Whether it looks what is there: a command does not. */
  readonly looks: boolean
}

/** A hung command ends by the helper's time limit. */
const HANG_MS = 10_000
const COMMAND_MS = 3

/** A firewall whose entries can be looked at, behind a helper. Not a real one: it stands where faults must be chosen. */
export class FirewallModel {
  readonly held = new Map<string, Held>()
  mood: Mood = 'well'
  /** Every time one of our entries was made where there was none. */
  readonly made: string[] = []
  /** Every time one was asked for where there was one already, and nobody looked. */
  readonly doubled: string[] = []
  readonly #boot: () => Micros
  readonly #expires: boolean
  readonly #marks: boolean
  readonly #looks: boolean
  #commands = 0

  constructor(boot: () => Micros, traits: ModelTraits) {
    this.#boot = boot
    this.#looks = traits.looks
    this.#expires = traits.expires
    this.#marks = traits.marks
  }

  /** What is there now. */
  entries(): Map<string, Held> {
    for (const [key, { until }] of this.held) if (until <= this.#boot()) this.held.delete(key)
    return this.held
  }

  /** A saved ruleset brings an entry of ours back, without an end; where entries bear no marks, nobody could tell whose it is. */
  restore(key: string): void {
    if (this.#marks && !this.entries().has(key)) this.held.set(key, { owner: 'us', until: Number.POSITIVE_INFINITY })
  }

  /** A helper for one front; `isAlive`: a dead front's commands reach nothing any more. */
  helper(isAlive: () => boolean): Helper {
    const each = async <T>(items: readonly T[], act: (item: T) => Outcome): Promise<Outcome[]> => {
      const outcomes: Outcome[] = []
      for (const item of items) outcomes.push(await this.#command(isAlive, () => act(item)))
      return outcomes
    }
    return {
      add: (target, entries) => each(entries, (entry) => this.#add(target, entry)),
      renew: (target, entries) => each(entries, (entry) => this.#renew(target, entry)),
      remove: (target, addresses) => each(addresses, (address) => this.#remove(target, address)),
      list: async (target) => {
        const outcome = await this.#command(isAlive, () => DONE)
        return outcome.kind === 'done' ? { kind: 'listed', entries: this.#list(target) } : { kind: 'failed', why: 'fails' }
      },
      kill: async () => DONE,
      check: async () => [],
      spend: async () => DONE,
      ping: async () => DONE,
      reload: async () => DONE,
      leave: async () => {},
    }
  }

  async #command(isAlive: () => boolean, act: () => Outcome): Promise<Outcome> {
    const { mood } = this
    this.#commands++
    await new Promise((resolve) => setTimeout(resolve, mood === 'hangs' ? HANG_MS : COMMAND_MS))
    if (!isAlive()) return FAILED
    if (mood === 'fails' || mood === 'hangs') return FAILED
    if (mood === 'half' && this.#commands % 2 === 0) {
      if (this.#commands % 4 === 0) act()
      return FAILED
    }
    return act()
  }

  #add(target: TargetId, { address, seconds }: Entry): Outcome {
    const before = this.entries().get(`${target} ${address}`)
    if (before && !this.#looks) this.doubled.push(`${target} ${address}`)
    else if (before && (before.owner === 'admin' || !this.#marks)) return { kind: 'foreign' }
    return this.#renew(target, { address, seconds })
  }

  #renew(target: TargetId, { address, seconds }: Entry): Outcome {
    const key = `${target} ${address}`
    if (!this.entries().has(key)) this.made.push(key)
    this.held.set(key, { owner: 'us', until: this.#expires ? this.#boot() + seconds * 1e6 : Number.POSITIVE_INFINITY })
    return DONE
  }

  #remove(target: TargetId, address: Address): Outcome {
    const key = `${target} ${address}`
    if (!this.#marks || this.held.get(key)?.owner === 'us') this.held.delete(key)
    return DONE
  }

  #list(target: TargetId) {
    return [...this.entries()].filter(([key]) => key.startsWith(`${target} `)).map(([key, { owner, until }]) => ({
      address: key.slice(target.length + 1) as Address,
      seconds: Number.isFinite(until) ? Math.ceil((until - this.#boot()) / 1e6) : undefined,
      mark: this.#marks ? (owner === 'us' ? 'ours' as const : 'foreign' as const) : 'unmarked' as const,
    }))
  }
}

const DONE: Outcome = { kind: 'done' }
const FAILED: Outcome = { kind: 'failed', why: 'it was made to fail' }
