import type { Micros } from '../../parsers/time.ts'
import type { Pending } from '../grants/in-hand.ts'
import type { Asked } from '../live-parts.ts'

export interface GoingOn {
  /** Whether the machine runs still as it did when that was written. */
  readonly isSameBoot: boolean
  /** By the wall clock. */
  readonly now: Micros
  readonly maxAge: Micros
}

/** Why nothing comes any more of what the process before us had in hand; undefined: it may be gone on with. */
export function refusalOf({ stage, time }: Pending, { isSameBoot, now, maxAge }: GoingOn): string | undefined {
  if (stage === 'asked') return 'the daemon ended while its command was run: whether that was done is not known, and it is not done twice'
  if (!isSameBoot) return 'the machine was started anew before it could be; what was knocked is used up'
  return Math.abs(now - time) > maxAge ? 'the daemon ended before it could be, and that is too long ago; what was knocked is used up' : undefined
}

export function askedOf({ rule, user, address, time }: Pending): Asked {
  return { rule, address, ...(user !== undefined && { user }), time }
}
