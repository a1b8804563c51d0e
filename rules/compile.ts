import { below, isInRange, portKey, type EventKey } from './key.ts'
import type { RangeStep, Rule, Sequence, Step, TokenStep } from './rule.ts'

/** What a step asks for: a key of its own, or the spelling of a range or of a path below which a token is. */
type Demand = EventKey

/** A sequence made ready for matching. Steps with the same demand are satisfied by the same knocks. */
export interface Compiled {
  readonly rule: Rule
  readonly sequence: Sequence
  /** The demand of each step. */
  readonly demands: readonly Demand[]
  /** The steps, from 0, that have that demand. */
  readonly stepsOf: ReadonlyMap<Demand, readonly number[]>
  /** The demands that more than one key meets; they do not overlap, nor does the key of another step meet one. */
  readonly open: readonly { readonly demand: Demand; readonly step: OpenStep }[]
}

type OpenStep = RangeStep | TokenStep

/** The demand that key meets; undefined: it satisfies no step. */
export function demandMetBy({ stepsOf, open }: Compiled, key: EventKey): Demand | undefined {
  if (stepsOf.has(key)) return key
  return open.find(({ step }) => holds(step, key))?.demand
}

function holds(step: OpenStep, key: EventKey): boolean {
  return step.kind === 'range' ? isInRange(key, step.proto, step.from, step.count) : below(key, step.path) !== undefined
}

function demandOf(step: Step): Demand {
  switch (step.kind) {
    case 'port': return portKey(step.proto, step.port)
    case 'request': return `${step.method} ${step.path}`
    case 'range': return `${step.proto}:${step.from}+${step.count}`
    case 'token': return `token:${step.path}`
  }
}

function compile(rule: Rule, sequence: Sequence): Compiled {
  const demands = sequence.steps.map(demandOf)
  const stepsOf = new Map<Demand, number[]>()
  demands.forEach((demand, step) => stepsOf.set(demand, [...(stepsOf.get(demand) ?? []), step]))
  const open = sequence.steps.flatMap((step) => (step.kind === 'range' || step.kind === 'token' ? [{ demand: demandOf(step), step }] : []))
  return { rule, sequence, demands, stepsOf, open }
}

/** One rule's sequences that are valid together, by what an event touches. */
interface Lookup {
  readonly byKey: ReadonlyMap<EventKey, readonly Compiled[]>
  readonly open: readonly Compiled[]
}

/** A rule with what was made ready of it: for as long as the rule keeps its sequences. */
class RuleIndex {
  readonly rule: Rule
  readonly #compiled = new WeakMap<Sequence, Compiled>()
  readonly #lookups = new WeakMap<readonly Sequence[], Lookup>()
  /** What was asked for last: nearly always the same. */
  #last: { readonly sequences: readonly Sequence[]; readonly lookup: Lookup } | undefined

  constructor(rule: Rule) {
    this.rule = rule
  }

  compiled(sequence: Sequence): Compiled {
    const known = this.#compiled.get(sequence)
    if (known) return known
    const compiled = compile(this.rule, sequence)
    this.#compiled.set(sequence, compiled)
    return compiled
  }

  lookup(sequences: readonly Sequence[]): Lookup {
    if (this.#last?.sequences !== sequences) this.#last = { sequences, lookup: this.#lookups.get(sequences) ?? this.#makeLookup(sequences) }
    return this.#last.lookup
  }

  #makeLookup(sequences: readonly Sequence[]): Lookup {
    const all = sequences.map((sequence) => this.compiled(sequence))
    const byKey = new Map<EventKey, Compiled[]>()
    for (const compiled of all) for (const demand of compiled.stepsOf.keys()) byKey.set(demand, [...(byKey.get(demand) ?? []), compiled])
    const lookup = { byKey, open: all.filter(({ open }) => open.length > 0) }
    this.#lookups.set(sequences, lookup)
    return lookup
  }
}

/** Which sequences are valid now, found by what an event touches. */
export class SequenceIndex {
  #rules: readonly RuleIndex[]

  constructor(rules: readonly Rule[]) {
    this.#rules = rules.map((rule) => new RuleIndex(rule))
  }

  /** Rules that stay keep what was made ready of them: attempts at them go on. */
  replace(rules: readonly Rule[]): void {
    const known = new Map(this.#rules.map((index) => [index.rule, index]))
    this.#rules = rules.map((rule) => known.get(rule) ?? new RuleIndex(rule))
  }

  holds(rule: Rule): boolean {
    return this.#rules.some((index) => index.rule === rule)
  }

  /** The sequences valid at `time` of which that key satisfies a step; undefined: there is none. */
  find(key: EventKey, time: Parameters<Rule['sequencesAt']>[0]): readonly Compiled[] | undefined {
    let found: readonly Compiled[] | undefined
    for (const index of this.#rules) {
      const { byKey, open } = index.lookup(index.rule.sequencesAt(time))
      const exact = byKey.get(key)
      if (exact) found = found ? [...found, ...exact] : exact
      if (open.length === 0) continue
      const fitting = open.filter((compiled) => !compiled.stepsOf.has(key) && demandMetBy(compiled, key) !== undefined)
      if (fitting.length > 0) found = found ? [...found, ...fitting] : fitting
    }
    return found
  }

  /** The rules that draw sequences for single addresses from ports of which that is one. */
  drawing(key: EventKey): readonly Rule[] | undefined {
    let found: Rule[] | undefined
    for (const { rule } of this.#rules) {
      if (rule.drawn && holds(rule.drawn.range, key)) (found ??= []).push(rule)
    }
    return found
  }

  /** The sequences that such a rule has drawn for that address, of which that key satisfies a step. Few do: the others are not made ready. */
  drawn(rule: Rule, address: Parameters<NonNullable<Rule['drawn']>['sequencesFor']>[0], key: EventKey, time: Parameters<Rule['sequencesAt']>[0]): Compiled[] {
    const index = this.#rules.find((candidate) => candidate.rule === rule)
    const touched = rule.drawn?.sequencesFor(address, time).filter(({ steps }) => steps.some((step) => demandOf(step) === key))
    return touched?.map((sequence) => index!.compiled(sequence)) ?? []
  }
}
