/** Numbers that a seed decides, the same on every machine (mulberry32 by Tommy Ettinger, public domain). */
export interface Random {
  /** A whole number from 0 to `bound` - 1. */
  readonly below: (bound: number) => number
  /** One of them; there must be at least one. */
  readonly pick: <T>(from: readonly T[]) => T
}

export function randomOf(seed: number): Random {
  let state = seed >>> 0
  const below = (bound: number): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor(((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296 * bound)
  }
  return { below, pick: (from) => from[below(from.length)]! }
}
