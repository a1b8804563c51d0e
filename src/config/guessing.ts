import { meanGuessSeconds, type Tolerances } from '../../rules/keyspace.ts'
import type { Rule } from '../../rules/rule.ts'
import type { DoorRule, KnockKind } from './config.ts'

const YEAR_SECONDS = 31_557_600
/** Whoever proves a secret by a knock must not be able to guess it sooner, on average. */
const LEAST_SECONDS = 10 * YEAR_SECONDS

/** Among so many of an address's last events the knocks may be: strangers who write its name on packets must not get in the way. */
const WINDOW = 64

/** What of a rule makes guessing easier. */
export function tolerancesOf({ kind, match, validAtATime }: Pick<DoorRule, 'kind' | 'match' | 'validAtATime'>): Tolerances {
  return { ...match, validAtATime, isTimeBased: isTimeBased(kind) }
}

export function isTimeBased(kind: KnockKind): boolean {
  return kind === 'totp' || kind === 'hmac' || kind === 'token'
}

/** How long a guesser needs on average for the weakest sequence of a rule: its door is as strong as that. Infinity if it has none. */
export function guessSeconds(door: Pick<DoorRule, 'kind' | 'match' | 'validAtATime' | 'sequences'>): number {
  return Math.min(...door.sequences.map(({ steps }) => meanGuessSeconds(steps, tolerancesOf(door))))
}

/** The rule's window: only where its sequences are long enough to afford one, and are known to nobody but their user. */
export function windowOf(door: Pick<DoorRule, 'kind' | 'match' | 'validAtATime' | 'sequences'>): Pick<Rule, 'window'> {
  const isForPrograms = door.kind === 'hmac' || door.kind === 'one-time'
  const withWindow = { ...door, match: { ...door.match, window: WINDOW } }
  return isForPrograms && door.sequences.length > 0 && guessSeconds(withWindow) >= LEAST_SECONDS ? { window: WINDOW } : {}
}

/** Why a rule that proves a secret is no better than one that does not; undefined: it is strong enough. */
export function tooWeak(door: Pick<DoorRule, 'kind' | 'match' | 'validAtATime' | 'sequences'>): string | undefined {
  if (!isTimeBased(door.kind) || guessSeconds(door) >= LEAST_SECONDS) return undefined
  const years = (guessSeconds(door) / YEAR_SECONDS).toPrecision(2)
  const advice = door.kind === 'totp' ? 'put fixed ports before totp, two are enough' : 'set more knocks or a wider port_range'
  return `rule ${door.match.name} is guessed within ${years} years on average, and a secret should last for ten: ${advice}, or name fewer users`
}
