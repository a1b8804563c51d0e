import type { Rule, Sequence } from './rule.ts'

/** What has been used up for good, by `Sequence.once`. Whoever keeps it must see to it that a match is in it, durably, before anything is opened. */
export interface Used {
  readonly has: (once: string) => boolean
  readonly add: (once: string) => void
  readonly size: number
}

/** So many unused sequences are valid at a time: one whose last knock was lost must not lock its user out. */
const LOOK_AHEAD = 3

/** How many of a rule's sequences a guesser may hit at a time. */
export function validAtATime(sequences: readonly Sequence[]): number {
  return sequences[0]?.once === undefined ? 1 : Math.min(LOOK_AHEAD, sequences.length)
}

/** The sequences of a list that are still good: a used one uses up those before it too, since a watcher may have seen most of them. */
export function unusedOf(sequences: readonly Sequence[], used: Used): readonly Sequence[] {
  const isUsed = ({ once }: Sequence): boolean => once !== undefined && used.has(once)
  // The same sequence on a later line was used with it, but uses up nothing more.
  const last = sequences.findLastIndex((sequence, index) => isUsed(sequence) && sequences.findIndex(({ once }) => once === sequence.once) === index)
  return sequences.slice(last + 1).filter((sequence) => !isUsed(sequence))
}

/** The next few unused sequences of a list are valid, each until it or a later one was matched. */
export function inTurn(sequences: readonly Sequence[], used: Used): Pick<Rule, 'sequencesAt' | 'onMatch'> {
  let size = -1
  let valid: readonly Sequence[] = []
  return {
    sequencesAt: () => {
      if (used.size !== size) valid = next(valid, unusedOf(sequences, used).slice(0, LOOK_AHEAD))
      size = used.size
      return valid
    },
    onMatch: ({ once }) => {
      if (once !== undefined) used.add(once)
    },
  }
}

/** The same array as long as nothing changed. */
function next(before: readonly Sequence[], now: readonly Sequence[]): readonly Sequence[] {
  return before.length === now.length && before.every((sequence, index) => sequence === now[index]) ? before : now
}
