import type { Micros } from '../../parsers/time.ts'
import type { GuardLimits } from '../config/config.ts'
import { countAt, counted, sumOf, type Count } from './count.ts'
import { NetworkTable } from './network-table.ts'
import { ALL_PARTS, networkText, type Origin } from './origin.ts'

/** A rule does not listen to a network any more, until then by the boot clock. */
export interface Lockout {
  readonly rule: string
  /** `any`: to nobody. */
  readonly network: string
  readonly until: Micros
}

/** Entries of each table; about 300 bytes each. */
const CAPACITY = 16_384

/** How many times the budget of one address or /64 a network of so many parts has: a neighbour's failures are not one's own. */
export const SHARE_OF_NETWORK = 10

/** An IPv6 /48: whoever has one has 65,536 networks of the size that is counted as one address. */
const SITE_PARTS = 3

/**
 * Budgets of failures, and who has used his up. Failures are counted for each IPv4 address, IPv6 /64 and IPv6 /48, and for the whole
 * rule if that has a budget. Time is the boot clock's.
 */
export class Lockouts {
  readonly #counts: NetworkTable<Count>
  readonly #sites: NetworkTable<Count>
  readonly #ruleCounts = new Map<string, Count>()
  readonly #standing: NetworkTable<Micros>
  readonly #ruleStanding = new Map<string, Micros>()

  constructor(capacity = CAPACITY) {
    const counts = { capacity, merge: sumOf, ends: ({ ends }: Count) => ends }
    this.#counts = new NetworkTable(counts)
    this.#sites = new NetworkTable(counts)
    this.#standing = new NetworkTable({ capacity, merge: (one, other) => Math.max(one, other) as Micros, ends: (until) => until })
  }

  /** Entries of all tables: what memory follows. */
  get size(): number {
    return this.#counts.size + this.#sites.size + this.#standing.size + this.#ruleCounts.size + this.#ruleStanding.size
  }

  get isIdle(): boolean {
    return this.#standing.size === 0 && this.#ruleStanding.size === 0
  }

  isOut(rule: string, origin: Origin, now: Micros): boolean {
    return (this.#ruleStanding.get(rule) ?? now) > now || this.#standing.find(rule, origin, ALL_PARTS, now) !== undefined
  }

  /** A failure at that rule: the lock-out that it brings, if it was one too many. */
  failed(rule: string, origin: Origin, limits: GuardLimits, now: Micros): Lockout | undefined {
    const lengths = limits.maxFailures === 0 ? [] : origin.separator === ':' ? [SITE_PARTS, ALL_PARTS] : [ALL_PARTS]
    const over = lengths.map((length) => this.#count(rule, origin, length, limits, now)).find((length) => length !== undefined)
    const until = (now + limits.lockout) as Micros
    if (this.#countRule(rule, limits, now)) {
      this.#ruleStanding.set(rule, until)
      return { rule, network: 'any', until }
    }
    if (over === undefined) return undefined
    this.#standing.set(rule, origin, over, until, now)
    return { rule, network: networkText(origin, over), until }
  }

  standing(now: Micros): Lockout[] {
    const rules = [...this.#ruleStanding].filter(([, until]) => until > now).map(([rule, until]) => ({ rule, network: 'any', until }))
    return [...rules, ...this.#standing.all(now).map(({ rule, origin, length, value: until }) => ({ rule, network: networkText(origin, length), until }))]
  }

  /** Lets go of what was counted for rules of which that does not hold. */
  keep(isKept: (rule: string) => boolean): void {
    for (const table of [this.#counts, this.#sites, this.#standing]) table.keep(isKept)
    for (const rules of [this.#ruleCounts, this.#ruleStanding]) for (const rule of rules.keys()) if (!isKept(rule)) rules.delete(rule)
  }

  /** Counts for the network of so many parts, or a wider one that it was folded into. Answers how many parts that has if its budget is used up. */
  #count(rule: string, origin: Origin, length: number, { maxFailures, failureWindow }: GuardLimits, now: Micros): number | undefined {
    const table = length === ALL_PARTS ? this.#counts : this.#sites
    const before = table.find(rule, origin, length, now)
    const counts = before?.length ?? length
    const count = counted(before?.value, now, failureWindow)
    if (count.count < maxFailures * SHARE_OF_NETWORK ** (ALL_PARTS - counts)) {
      table.set(rule, origin, counts, count, now)
      return undefined
    }
    table.delete(rule, origin, counts)
    return counts
  }

  #countRule(rule: string, { maxRuleFailures, failureWindow }: GuardLimits, now: Micros): boolean {
    if (maxRuleFailures === 0) return false
    const count = counted(this.#ruleCounts.get(rule), now, failureWindow)
    const isOver = countAt(count, now) >= maxRuleFailures
    if (isOver) this.#ruleCounts.delete(rule)
    else this.#ruleCounts.set(rule, count)
    return isOver
  }
}
