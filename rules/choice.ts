import { demandMetBy, type Compiled } from './compile.ts'
import { isUsed, precedes, type Moment, type Note } from './note.ts'
import type { Rule } from './rule.ts'

/**
 * The search for f(1)..f(n), the knocks that satisfy the steps of a sequence.
 *
 * Between the first and the last of them every other knock must repeat an earlier one (unless the rule has a window), so from a
 * given first knock on, the first knock that meets each demand must be among them. And a knock is never a worse choice than a later one of
 * the same source and resolution: it delays no step after it. So from each start each step takes the earliest knock
 * that the steps before it allow, and only knocks of another source or resolution are tried beside it.
 */

/** f(1)..f(n). In an open attempt `future` stands for each knock still to come. */
export type Choice = readonly Note[]

/** How far one address has come in one sequence. */
export interface Attempt {
  readonly compiled: Compiled
  /** Of its first knock. */
  readonly start: Moment
  /** How many steps it has taken, 1 to n - 1. */
  readonly taken: number
  /** The first step that is missing, from 0. */
  readonly next: number
}

/** A step whose knock is fixed. */
interface Pinned { readonly step: number; readonly knock: Note }

/** The knocks of one sequence by one address, in event order, and what a choice from them may rest on. */
interface Search {
  readonly compiled: Compiled
  readonly knocks: readonly Note[]
  readonly pinned: Pinned | undefined
  readonly future: Note | undefined
}

/**
 * The earliest choice in which `latest` has a part and for which (a) and (c) hold; `accept` decides (b) and (d).
 */
export function chooseWith(
  compiled: Compiled, knocks: readonly Note[], latest: Note, accept: (first: Note, last: Note) => boolean,
): Choice | undefined {
  if (!hasEnough(compiled, knocks)) return undefined
  let best: Choice | undefined
  for (let start = 0; start < knocks.length && !precedes(latest, knocks[start]!); start++) {
    if (isUsed(knocks[start]!, compiled)) continue
    for (const step of stepsOf(compiled, latest)) {
      const choice = fill({ compiled, knocks, pinned: { step, knock: latest }, future: undefined }, start)
      if (choice && accept(knocks[start]!, lastOf(choice)) && (!best || isEarlier(choice, best))) best = choice
    }
  }
  return best
}

/** The first knock from which the sequence can still be completed by knocks that come after all that were read. */
export function openStart(
  compiled: Compiled, knocks: readonly Note[], accept: (first: Note, last: Note) => boolean,
): Attempt | undefined {
  const latest = knocks.at(-1)
  if (latest === undefined) return undefined
  const future: Note = { ...latest, order: Number.POSITIVE_INFINITY }
  for (let start = 0; start < knocks.length; start++) {
    if (isUsed(knocks[start]!, compiled) || !accept(knocks[start]!, future)) continue
    const choice = fill({ compiled, knocks, pinned: undefined, future }, start)
    if (choice) return { compiled, start: knocks[start]!, taken: choice.filter((knock) => knock !== future).length, next: choice.indexOf(future) }
  }
  return undefined
}

function stepsOf(compiled: Compiled, { key }: Note): readonly number[] {
  return compiled.stepsOf.get(demandMetBy(compiled, key)!)!
}

/** Enough unused knocks for every demand: without them no search is worth its time. */
function hasEnough(compiled: Compiled, knocks: readonly Note[]): boolean {
  for (const [demand, steps] of compiled.stepsOf) {
    let missing = steps.length
    for (const knock of knocks) if (demandMetBy(compiled, knock.key) === demand && !isUsed(knock, compiled)) missing--
    if (missing > 0) return false
  }
  return true
}

/** The choice whose first knock is the one at `start`. */
function fill(search: Search, start: number): Choice | undefined {
  const choice: Note[] = []
  return takeOn(search, start, choice) ? choice : undefined
}

/** Whether all steps behind those chosen can be taken, too: then they are. Plain loops, since a flood of knocks comes by here. */
function takeOn(search: Search, start: number, choice: Note[]): boolean {
  const { compiled, knocks, pinned, future } = search
  const step = choice.length
  if (step === compiled.demands.length) return isWhole(search, start, choice)
  if (pinned?.step === step) return fits(search, choice, pinned.knock) && takeWith(search, start, choice, pinned.knock)
  let tried: Note[] | undefined
  for (let index = start; index < knocks.length; index++) {
    const knock = knocks[index]!
    if (demandMetBy(compiled, knock.key) !== compiled.demands[step] || knock === pinned?.knock || isUsed(knock, compiled)) continue
    if (isDominated(tried, knock) || !fits(search, choice, knock)) continue
    if (takeWith(search, start, choice, knock)) return true
    tried = tried ? [...tried, knock] : [knock]
  }
  return future !== undefined && !isDominated(tried, future) && fits(search, choice, future) && takeWith(search, start, choice, future)
}

/** The same, that one chosen, too. */
function takeWith(search: Search, start: number, choice: Note[], knock: Note): boolean {
  choice.push(knock)
  if (takeOn(search, start, choice)) return true
  choice.pop()
  return false
}

/** A knock like it was tried that came earlier. */
function isDominated(tried: readonly Note[] | undefined, { source, resolution }: Note): boolean {
  return tried !== undefined && tried.some((other) => other.source === source && other.resolution === resolution)
}

/** Whether it can be the next step's knock after those chosen: unused by them, and (a) towards each. */
function fits({ compiled, future }: Search, choice: readonly Note[], candidate: Note): boolean {
  for (const knock of choice) if (knock === candidate ? knock !== future : !mayPrecede(knock, candidate, compiled.rule)) return false
  return true
}

/** (a): the knock of an earlier step comes before that of a later one, or at most D + r after it. */
function mayPrecede(earlier: Note, later: Note, { reorder }: Rule): boolean {
  if (reorder === 'any' || precedes(earlier, later)) return true
  if (reorder === 0 && earlier.source === later.source) return false
  return earlier.time - later.time <= reorder + Math.max(earlier.resolution, later.resolution)
}

/** (c): from the first to the last, whatever is not chosen repeats one that is: another port of a range does not. */
function isWhole({ compiled, knocks, future }: Search, start: number, choice: readonly Note[]): boolean {
  if (compiled.rule.window !== undefined) return choice.includes(knocks[start]!)
  const last = future ?? lastOf(choice)
  for (let index = start; index < knocks.length && !precedes(last, knocks[index]!); index++) {
    const knock = knocks[index]!
    if (!choice.includes(knock) && !repeatsOne(knock, choice)) return false
  }
  return choice.some((knock) => knock !== future)
}

function repeatsOne(knock: Note, choice: Choice): boolean {
  return choice.some((chosen) => chosen.key === knock.key && precedes(chosen, knock))
}

function lastOf(choice: Choice): Note {
  return choice.reduce((last, knock) => (precedes(last, knock) ? knock : last))
}

function isEarlier(a: Choice, b: Choice): boolean {
  const step = a.findIndex((knock, index) => knock !== b[index])
  return step >= 0 && precedes(a[step]!, b[step]!)
}
