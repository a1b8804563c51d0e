import type { Rule, Sequence } from './rule.ts'
import type { Spent } from './spent.ts'

/** So many unused sequences are valid at a time: one whose last knock was lost must not lock its user out. */
const LOOK_AHEAD = 3

/** How many sequences of a list a guesser may hit at a time. */
export function validAtATime(list: readonly Sequence[]): number {
  return Math.min(LOOK_AHEAD, list.length)
}

/**
 * The sequences of a list, each of which stands there once, that are still good: a used one uses up those before it too, since a watcher may have
 * seen most of them.
 */
export function unusedOf(sequences: readonly Sequence[], spent: Pick<Spent, 'has'>): readonly Sequence[] {
  return sequences.slice(lastUsed(sequences, spent) + 1)
}

/** The one that has to be crossed out in its list, with those before it, so that all that are used up are. */
export function lastUsedOf(sequences: readonly Sequence[], spent: Pick<Spent, 'has'>): Sequence | undefined {
  return sequences[lastUsed(sequences, spent)]
}

function lastUsed(sequences: readonly Sequence[], spent: Pick<Spent, 'has'>): number {
  return sequences.findLastIndex(({ spend }) => spend !== undefined && spent.has(spend))
}

/** The next few unused sequences of each list are valid, each until it or a later one was matched. */
export function inTurn(lists: readonly (readonly Sequence[])[], spent: Spent): Pick<Rule, 'sequencesAt' | 'onSpend'> {
  let version = -1
  let valid: readonly Sequence[] = []
  return {
    sequencesAt: () => {
      if (spent.version !== version) valid = next(valid, lists.flatMap((list) => unusedOf(list, spent).slice(0, LOOK_AHEAD)))
      version = spent.version
      return valid
    },
    onSpend: (spend) => spent.add(spend),
  }
}

/** The same array as long as nothing changed. */
function next(before: readonly Sequence[], now: readonly Sequence[]): readonly Sequence[] {
  return before.length === now.length && before.every((sequence, index) => sequence === now[index]) ? before : now
}
