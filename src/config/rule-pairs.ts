import { parseAddress } from '../../parsers/address.ts'
import type { Network } from '../../parsers/network.ts'
import { stepKey, type Limits, type Rule, type Sequence } from '../../rules/rule.ts'
import type { DoorRule } from './config.ts'

/** Every two rules, the earlier one first. */
export function pairsOf<T>(all: readonly T[]): (readonly [earlier: T, later: T])[] {
  return all.flatMap((earlier, index) => all.slice(index + 1).map((later) => [earlier, later] as const))
}

/** The steps of a sequence as comparable text. */
export function keysOf(sequence: Sequence): string[] {
  return sequence.steps.map(stepKey)
}

/** The sequence of a rule that has one for good. */
export function staticKeys(rule: DoorRule): string[] | undefined {
  const [only] = rule.sequences
  return only?.id === 'static' ? keysOf(only) : undefined
}

/** Whether one event can be a knock of both rules, as far as their limits and flags go. */
export function overlap(one: Rule, other: Rule): boolean {
  const flagsMeet = (one.flags.set & other.flags.clear) === 0 && (other.flags.set & one.flags.clear) === 0
  return flagsMeet && limitsMeet(one.limits, other.limits)
}

function limitsMeet(one: Limits, other: Limits): boolean {
  return (
    meet(one.target, other.target, networksMeet) &&
    meet(one.from, other.from, networksMeet) &&
    meet(one.interfaces, other.interfaces, Object.is) &&
    meet(one.status, other.status, Object.is)
  )
}

function meet<T>(one: readonly T[] | undefined, other: readonly T[] | undefined, same: (a: T, b: T) => boolean): boolean {
  if (one === undefined || other === undefined) return true
  return one.some((a) => other.some((b) => same(a, b)))
}

/** Of two prefixes that share an address one holds the other's first. */
function networksMeet(one: Network, other: Network): boolean {
  return holdsBase(one, other) || holdsBase(other, one)
}

function holdsBase(outer: Network, inner: Network): boolean {
  const base = parseAddress(inner.text.replace(/\/.*/, ''))
  return base !== undefined && outer.contains(base)
}
