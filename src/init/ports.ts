/** Ports from `low` to `high`, both included. */
export interface PortRange {
  readonly low: number
  readonly high: number
}

export interface PortUse {
  /** What the system gives to outgoing connections. */
  readonly ephemeral: PortRange
  /** On which something listens here. */
  readonly inUse: ReadonlySet<number>
}

/** Answers a whole number from 0 to below `limit`, each as likely; from a generator that nobody can foresee. */
export type Random = (limit: number) => number

const FIRST = 1024
const LAST = 65_535

/** The ports that may be knocked on: not well known, not given to outgoing connections, not in use. In order, as wide as they go. */
export function freeRanges({ ephemeral, inUse }: PortUse): PortRange[] {
  const ranges: PortRange[] = []
  let low: number | undefined
  for (let port = FIRST; port <= LAST + 1; port++) {
    const isFree = port <= LAST && !inUse.has(port) && (port < ephemeral.low || port > ephemeral.high)
    if (isFree) low ??= port
    else if (low !== undefined) {
      ranges.push({ low, high: port - 1 })
      low = undefined
    }
  }
  return ranges
}

/** Distinct ports, in an order that no scan goes in: neither ascending nor descending. Undefined: there are too few. */
export function drawPorts(count: number, ranges: readonly PortRange[], random: Random): number[] | undefined {
  const total = ranges.reduce((sum, range) => sum + width(range), 0)
  if (total < count) return undefined
  for (;;) {
    const drawn = new Set<number>()
    while (drawn.size < count) drawn.add(portAt(random(total), ranges))
    const ports = [...drawn]
    if (count < 3 || !isMonotonic(ports)) return ports
  }
}

function portAt(index: number, ranges: readonly PortRange[]): number {
  let left = index
  for (const range of ranges) {
    if (left < width(range)) return range.low + left
    left -= width(range)
  }
  throw new RangeError(`there is no port ${index} in these ranges`)
}

function isMonotonic(ports: readonly number[]): boolean {
  const rises = ports.slice(1).map((port, index) => port > ports[index]!)
  return rises.every(Boolean) || !rises.some(Boolean)
}

function width({ low, high }: PortRange): number {
  return high - low + 1
}

/** Below that a guesser would have too easy a time with five ports. */
const LEAST_WIDTH = 4096

/** The widest range that is free; undefined: none is wide enough to draw ports from each time anew. */
export function widestRange(ranges: readonly PortRange[]): PortRange | undefined {
  const [widest] = ranges.toSorted((one, other) => width(other) - width(one))
  return widest && width(widest) >= LEAST_WIDTH ? widest : undefined
}

/** How the 8 digits of a code become ports: groups of digits, each a number above a base, as `rules/derive/totp.ts` cuts them. */
const GROUPINGS = [[10_000, 10_000], [1000, 1000, 100]] as const

/**
 * Where the groups of a code's digits go: bases that are round numbers, so that people can do it in their head (1 and 2345 is port 12345).
 * Undefined: there is no room.
 */
export function codeBases(ranges: readonly PortRange[]): PortRange[] | undefined {
  return GROUPINGS.map((widths) => placeAll(widths, ranges)).find((placed) => placed !== undefined)
}

function placeAll(widths: readonly number[], ranges: readonly PortRange[]): PortRange[] | undefined {
  const round = Math.max(...widths)
  const placed: PortRange[] = []
  for (let low = round; low + round <= LAST + 1 && placed.length < widths.length; low += round) {
    const range = { low, high: low + widths[placed.length]! - 1 }
    if (ranges.some((free) => free.low <= range.low && range.high <= free.high)) placed.push(range)
  }
  return placed.length === widths.length ? placed : undefined
}

/** The ranges without these. */
export function without(ranges: readonly PortRange[], taken: readonly PortRange[]): PortRange[] {
  return taken.reduce<readonly PortRange[]>((left, { low, high }) => left.flatMap((range) => [
    ...(range.low < low ? [{ low: range.low, high: Math.min(range.high, low - 1) }] : []),
    ...(range.high > high ? [{ low: Math.max(range.low, high + 1), high: range.high }] : []),
  ]), ranges).slice()
}
