import type { Address } from '../parsers/address.ts'
import type { Micros } from '../parsers/time.ts'
import type { EventKey } from './key.ts'
import type { Rule, Sequence } from './rule.ts'
import type { Spend } from './spent.ts'

interface About {
  readonly rule: Rule
  readonly sequence: Sequence
  /** Whose sequence it is, or who proved a secret. */
  readonly user: string | undefined
  readonly address: Address
  readonly time: Micros
}

/** A sequence was knocked: `time` is that of its last knock. */
export interface Match extends About {
  readonly kind: 'match'
  /** What it uses up. */
  readonly spend: Spend | undefined
}

/** An attempt ended without a match: a knock out of place or a wrong code, a code that was used up, too many other ports, or too slow. */
export interface AttemptEnd extends About {
  readonly kind: 'end'
  readonly how: 'wrong' | 'spent' | 'scan' | 'timeout'
  /** It may have been a guess: two different steps were knocked, and it was not just slow. */
  readonly failure: boolean
  /** How many steps it had taken, 1 to n - 1. */
  readonly taken: number
  /** The first step that was missing, from 0. */
  readonly next: number
  /** What came instead of the next step; undefined if nothing did. */
  readonly got: EventKey | undefined
}

/**
 * An attempt was forgotten, because memory was full. In a flood there is one for each packet, so it does not say whose: it is the same object
 * for all that came no further.
 */
export interface Forgotten extends Pick<About, 'rule' | 'sequence'> {
  readonly kind: 'forgotten'
  readonly taken: number
}

export type Decision = Match | AttemptEnd | Forgotten
