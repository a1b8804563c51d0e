/** Whoever has more names than this made them with a program, and a list of wrong ones must not take their square. */
const MOST_CANDIDATES = 200

/** The candidate that a slip of the keyboard would turn into `word`, as `; did you mean "..."?`, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  let best: { candidate: string; distance: number } | undefined
  let left = MOST_CANDIDATES
  for (const candidate of candidates) {
    if (left-- === 0) break
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    const isNear = distance <= Math.max(1, candidate.length / 3)
    if (isNear && distance < (best?.distance ?? Infinity)) best = { candidate, distance }
  }
  return best === undefined ? '' : `; did you mean "${best.candidate}"?`
}

/** Levenshtein's, one row at a time. */
function editDistance(one: string, other: string): number {
  if (Math.abs(one.length - other.length) > 8) return Infinity
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [index, character] of [...one].entries()) {
    const next = [index + 1]
    for (let column = 1; column <= other.length; column++) {
      const replaced = (row[column - 1] ?? 0) + (other[column - 1] === character ? 0 : 1)
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[other.length] ?? 0
}
