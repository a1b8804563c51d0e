import { SECOND, type Micros } from '../parsers/time.ts'
import type { Rule } from '../rules/rule.ts'
import type { Clocks } from './clocks.ts'
import type { LastMatch, Matches } from './grants/matches.ts'
import type { LiveEvent } from './sources/source.ts'

/** So long a packet's copies may follow it; until then it is remembered, so that a copy is known for one. */
export const COPY_MEMORY = (70 * SECOND) as Micros

/** So much later than the process before us this one may find the line of a match to be written, where no stamp of the kernel's tells: each has its own view of the time. */
const VIEWS_DIFFER = SECOND

/** For which rules an event may count; `stale`: it is too old, or from the future, and takes no part at all. */
export type Freshness = ((rule: Rule) => boolean) | 'stale' | undefined

export interface FreshnessParts {
  readonly clocks: Pick<Clocks, 'wall'>
  readonly matches: Matches
  readonly maxAge: Micros
  /** When the ledger was begun: of what was written before, it cannot be told what it has opened already. */
  readonly begun: Micros
}

/**
 * Live, an event counts only if its time is within max_age of now, and for a rule only if it is after the last match of that rule by
 * that address: so a line that is read again opens nothing again. What the kernel has stamped is compared by that: the times of lines that were
 * sent in a burst may all come to lie after that match when they are read once more. Undefined: it counts for every rule.
 */
export function freshnessOf(event: LiveEvent, backlog: boolean, { clocks, matches, maxAge, begun }: FreshnessParts): Freshness {
  if (backlog && event.time < begun) return 'stale'
  const age = Math.abs(clocks.wall() - event.time)
  if (age > maxAge) return backlog && age <= maxAge + COPY_MEMORY ? NEVER : 'stale'
  // A stamp of whole seconds may be that of the match and yet be new; what was read by the process before us is not. A match
  // that is still to come was before the clock was set back: it says nothing of what is written now.
  const isAfter = ({ time, line }: LastMatch): boolean => {
    if (line !== undefined && event.uptime !== undefined && line.source === event.source) return event.uptime > line.uptime
    return backlog ? event.time > time + VIEWS_DIFFER : event.time >= time || time > clocks.wall()
  }
  return (rule) => {
    const last = matches.last(rule.name, event.src)
    return last === undefined || isAfter(last)
  }
}

function NEVER(): boolean {
  return false
}
