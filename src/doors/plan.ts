import type { Target, TargetId } from '../firewalls/target.ts'
import type { Verb } from './door-event.ts'
import type { Due } from './due.ts'

/** The same operation for keys of one target: the firewall is asked once. */
export interface Batch {
  readonly verb: Exclude<Verb, 'kill'>
  readonly target: Target
  readonly id: TargetId
  readonly due: readonly Due[]
}

/**
 * Takes out of what waits what is to be done first, and at most `most` others with it that the firewall can do by the same operation.
 * `verbFor` says what is to be done, undefined: nothing. Undefined: nothing is left that waits.
 */
export function takeBatch(waiting: Map<string, Due>, most: number, verbFor: (due: Due) => Batch['verb'] | undefined): Batch | undefined {
  let batch: (Batch & { readonly due: Due[] }) | undefined
  for (const [key, due] of waiting) {
    if (batch && batch.due.length >= most) break
    const verb = verbFor(due)
    if (verb && batch && (verb !== batch.verb || due.id !== batch.id)) continue
    waiting.delete(key)
    if (!verb) continue
    batch ??= { verb, target: due.target, id: due.id, due: [] }
    batch.due.push(due)
  }
  return batch
}
