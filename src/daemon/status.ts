import type { Address } from '../../parsers/address.ts'
import { parseNetwork } from '../../parsers/network.ts'
import { formatTime, MILLISECOND, SECOND, type Micros } from '../../parsers/time.ts'
import type { Clocks } from '../clocks.ts'
import type { Follow, SourceConfig } from '../config/config.ts'
import type { Condition, Conditions } from '../control/conditions.ts'
import type { ConditionStatus, GrantStatus, Listing, RuleStatus, SourceStatus, Status, Story } from '../control/controlled.ts'
import type { Grant } from '../grants/grants.ts'
import type { Daemon } from './daemon.ts'
import type { Following } from './following.ts'

/** What is looked at. */
export interface StatusParts {
  readonly daemon: Daemon
  readonly following: Following
  readonly conditions: Conditions
  readonly clocks: Clocks
  /** When the daemon was started, by the wall clock. */
  readonly since: Micros
}

const MOST_ATTEMPTS = 100
const MOST_DEAF = 1000

/** How it goes, as one record. */
export function statusOf(parts: StatusParts): Status {
  const { daemon, conditions, since } = parts
  const { grants, waiting } = daemon.doors
  const { config } = daemon
  const names = new Set(config.sources.map(({ name }) => name))
  // What a reload has taken away is of no interest any more.
  const standing = conditions.all().filter(({ facts }) => typeof facts['source'] !== 'string' || names.has(facts['source']))
  return {
    v: 1, pid: process.pid, since: formatTime(since), mode: config.mode,
    conditions: standing.map(conditionStatus),
    sources: config.sources.map((source) => sourceStatus(source, parts)),
    rules: ruleStatuses(parts),
    grants: grants.size, waiting, addresses: daemon.pipeline.addresses,
  }
}

export function listingOf({ daemon, conditions, clocks }: StatusParts): Listing {
  const failing = new Map(conditions.all().flatMap(({ name, facts, text }) => (name === 'firewall-failed' ? [[facts['address'], text]] : [])))
  const grants = [...daemon.doors.grants.all()].toSorted((one, other) => one.deadline - other.deadline)
  return {
    v: 1,
    grants: grants.map((grant) => grantStatus(grant, failing, clocks.boot())),
    attempts: daemon.pipeline.attempts(clocks.wall(), MOST_ATTEMPTS).map(({ since, ...attempt }) => ({ ...attempt, since: formatTime(since) })),
    deaf: daemon.pipeline.deaf.slice(0, MOST_DEAF).map(({ until, ...deafness }) => ({ ...deafness, remainingS: secondsTo(until, clocks.boot()) })),
  }
}

/** The same of one address, with what it did of late. */
export function storyOf(address: Address, parts: StatusParts): Story {
  const { grants, attempts, deaf, v } = listingOf(parts)
  const knocks = parts.daemon.pipeline.remembered(address).map(({ time, ...knock }) => ({ time: formatTime(time), ...knock }))
  return { v, address, knocks, attempts: attempts.filter((attempt) => attempt.address === address), grants: grants.filter((grant) => grant.address === address), deaf: deaf.filter(({ network }) => parseNetwork(network)?.contains(address) ?? true) }
}

function secondsTo(until: Micros, now: Micros): number {
  return Math.max(0, Math.ceil((until - now) / SECOND))
}

function conditionStatus({ name, weight, text, advice, since }: Condition): ConditionStatus {
  return { name, weight, text, advice, since: formatTime(since) }
}

function sourceStatus({ name, follow }: SourceConfig, { daemon, following, clocks }: StatusParts): SourceStatus {
  const stats = following.sources.find((source) => source.name === name)?.stats
  const { lines = 0, events = 0, lost = 0, restarts = 0, heard } = stats ?? {}
  const notUnderstood = [...(stats?.reasons.values() ?? [])].reduce((sum, count) => sum + count, 0)
  return {
    name, follows: followsText(follow), state: following.stateOf(name) ?? 'ended',
    lines, understood: events, notUnderstood, stale: daemon.stale.get(name) ?? 0, lost, restarts,
    ...(heard && { lagMs: Math.round(heard.lag / MILLISECOND), quietS: Math.floor((clocks.boot() - heard.at) / SECOND) }),
  }
}

function followsText(follow: Follow): string {
  if (follow.kind === 'file') return `file:${follow.path}`
  return follow.kind === 'command' ? `command:${follow.command}` : follow.kind
}

function ruleStatuses({ daemon: { doors, pipeline } }: StatusParts): RuleStatus[] {
  const standing = new Map<string, number>()
  for (const { rule } of doors.grants.all()) standing.set(rule, (standing.get(rule) ?? 0) + 1)
  return [...pipeline.tally.rules].map(([name, { attempts, opens, extensions, failedAt, timeouts }]) => {
    const failed = [...failedAt.values()].reduce((sum, count) => sum + count, 0)
    return { name, paused: doors.paused.has(name), grants: standing.get(name) ?? 0, attempts, opened: opens, extended: extensions, failed, tooSlow: timeouts }
  })
}

/** `failing`: why a firewall does not do as it should, by address. */
export function grantStatus({ rule, address, user, openedAt, until, deadline }: Grant, failing: ReadonlyMap<unknown, string>, now: Micros): GrantStatus {
  const why = failing.get(address)
  return {
    rule, address, ...(user !== undefined && { user }), openedAt: formatTime(openedAt), until: formatTime(until),
    remainingS: secondsTo(deadline, now), ...(why !== undefined && { why }),
  }
}
