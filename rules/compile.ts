import { portKey, type EventKey } from './key.ts'
import type { Rule, Sequence, Step } from './rule.ts'

/** A sequence made ready for matching. Steps with the same key are satisfied by the same knocks. */
export interface Compiled {
  readonly rule: Rule
  readonly sequence: Sequence
  /** The key of each step. */
  readonly keys: readonly EventKey[]
  /** The steps, from 0, that a knock with that key satisfies. */
  readonly stepsOf: ReadonlyMap<EventKey, readonly number[]>
}

export function stepEventKey(step: Step): EventKey {
  return step.kind === 'port' ? portKey(step.proto, step.port) : `${step.method} ${step.path}`
}

function compile(rule: Rule, sequence: Sequence): Compiled {
  const keys = sequence.steps.map(stepEventKey)
  const stepsOf = new Map<EventKey, number[]>()
  keys.forEach((key, step) => stepsOf.set(key, [...(stepsOf.get(key) ?? []), step]))
  return { rule, sequence, keys, stepsOf }
}

/** Which sequences are valid now, found by what an event touches. */
export class SequenceIndex {
  #rules: readonly Rule[]
  readonly #compiled = new WeakMap<Sequence, Compiled>()
  #valid: (readonly Sequence[])[] = []
  #byKey = new Map<EventKey, readonly Compiled[]>()

  constructor(rules: readonly Rule[]) {
    this.#rules = rules
  }

  replace(rules: readonly Rule[]): void {
    this.#rules = rules
    this.#valid = []
    this.#byKey = new Map()
  }

  /** The sequences valid at `time` of which that key is a step. */
  find(key: EventKey, time: Parameters<Rule['sequencesAt']>[0]): readonly Compiled[] | undefined {
    const rules = this.#rules
    for (let index = 0; index < rules.length; index++) {
      if (rules[index]!.sequencesAt(time) !== this.#valid[index]) {
        this.#rebuild(time)
        break
      }
    }
    return this.#byKey.get(key)
  }

  #rebuild(time: Parameters<Rule['sequencesAt']>[0]): void {
    this.#valid = this.#rules.map((rule) => rule.sequencesAt(time))
    const byKey = new Map<EventKey, Compiled[]>()
    this.#rules.forEach((rule, index) => {
      for (const sequence of this.#valid[index]!) {
        const compiled = this.#compile(rule, sequence)
        for (const key of compiled.stepsOf.keys()) byKey.set(key, [...(byKey.get(key) ?? []), compiled])
      }
    })
    this.#byKey = byKey
  }

  #compile(rule: Rule, sequence: Sequence): Compiled {
    const known = this.#compiled.get(sequence)
    if (known?.rule === rule) return known
    const compiled = compile(rule, sequence)
    this.#compiled.set(sequence, compiled)
    return compiled
  }
}
