import type { Address } from '../../parsers/address.ts'
import type { Micros } from '../../parsers/time.ts'

/** What people can look at and change while a daemon runs; verbs work on this, so that tests need no daemon. Nothing here rejects. */
export interface Controlled {
  readonly status: () => Status
  readonly list: () => Listing
  readonly story: (address: Address) => Story
  readonly open: (wish: OpenWish) => Promise<Answer>
  /** Without a rule: by all rules. */
  readonly close: (address: Address, rule: string | undefined) => Promise<Answer>
  readonly closeAll: () => Promise<Answer>
  /** Without a rule: all rules. */
  readonly pause: (rule: string | undefined) => Promise<Answer>
  readonly resume: (rule: string | undefined) => Promise<Answer>
  /** `force`: also if it takes rules, a firewall or addresses of always_allow away. */
  readonly reload: (force: boolean) => Promise<Answer>
  readonly reconcile: () => Promise<Answer>
}

/** In words, for people, with what programs may want to know; or why it was not done. */
export type Answer = Done | { readonly ok: false; readonly why: string }

interface Done {
  readonly ok: true
  readonly text: string
  /** That stands now. */
  readonly grant?: GrantStatus
  /** How many grants have ended. */
  readonly closed?: number
}

export interface OpenWish {
  readonly address: Address
  readonly rule: string
  readonly user: string | undefined
  /** Undefined: the rule's open_for. */
  readonly openFor: Micros | undefined
}

/**
 * What `status --json` prints, version 1. Times are RFC 3339 in UTC, spans whole milliseconds or seconds as their names say. Fields may be
 * added; what is there keeps its meaning as long as `v` is 1.
 */
export interface Status {
  readonly v: 1
  readonly pid: number
  readonly since: string
  readonly mode: 'enforce' | 'observe'
  /** What is wrong, and then what is worth knowing. */
  readonly conditions: readonly ConditionStatus[]
  readonly sources: readonly SourceStatus[]
  readonly rules: readonly RuleStatus[]
  readonly grants: number
  /** Operations that wait for a firewall, those that wait to be tried again included. */
  readonly waiting: number
  /** Addresses of which something is remembered. */
  readonly addresses: number
}

export interface ConditionStatus {
  readonly name: string
  readonly weight: 'wrong' | 'note'
  readonly text: string
  readonly advice: string
  readonly since: string
}

export interface SourceStatus {
  readonly name: string
  readonly follows: string
  /** ended: it is not tried again. */
  readonly state: 'starting' | 'running' | 'suspended' | 'ended'
  readonly lines: number
  readonly understood: number
  readonly notUnderstood: number
  /** Too old, or ahead, to count. */
  readonly stale: number
  readonly lost: number
  readonly restarts: number
  /** How late the last line came; absent: none was understood yet. */
  readonly lagMs?: number
  /** How long ago that was. */
  readonly quietS?: number
}

export interface RuleStatus {
  readonly name: string
  readonly paused: boolean
  readonly grants: number
  readonly attempts: number
  readonly opened: number
  readonly extended: number
  readonly failed: number
  readonly tooSlow: number
}

/** What `list --json` prints, version 1. */
export interface Listing {
  readonly v: 1
  readonly grants: readonly GrantStatus[]
  /** Those that have come furthest, a hundred at the most. */
  readonly attempts: readonly AttemptStatus[]
  /** Whom rules do not listen to, and until when. */
  readonly deaf: readonly DeafStatus[]
}

/** What `explain --json` prints of a running daemon, version 1: what an address did of late, how far it has come, and what it holds. */
export interface Story extends Listing {
  readonly address: string
  readonly knocks: readonly { readonly time: string; readonly source: string; readonly what: string; readonly steps: readonly { readonly rule: string; readonly step: number; readonly steps: number }[] }[]
}

export interface DeafStatus {
  /** `any`: of all rules that prove no secret. */
  readonly rule: string
  /** `any`: to nobody. */
  readonly network: string
  readonly remainingS: number
  readonly why: 'lockout' | 'trap' | 'scan'
}

export interface GrantStatus {
  readonly rule: string
  readonly address: string
  readonly user?: string
  readonly openedAt: string
  readonly until: string
  readonly remainingS: number
  /** What keeps it from being true at the firewall. */
  readonly why?: string
}

export interface AttemptStatus {
  readonly rule: string
  readonly address: string
  /** How many steps it has taken. */
  readonly taken: number
  readonly steps: number
  readonly since: string
}
