import type { Micros } from '../../parsers/time.ts'

/** How many there were in a window, which begins with the first of them. */
export interface Count {
  readonly count: number
  readonly ends: Micros
}

export function countAt(count: Count | undefined, now: Micros): number {
  return count !== undefined && now < count.ends ? count.count : 0
}

export function counted(before: Count | undefined, now: Micros, window: Micros): Count {
  const count = countAt(before, now)
  return { count: count + 1, ends: count > 0 ? before!.ends : ((now + window) as Micros) }
}

export function sumOf(one: Count, other: Count): Count {
  return { count: one.count + other.count, ends: Math.max(one.ends, other.ends) as Micros }
}
