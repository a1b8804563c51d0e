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

/** Whose connections are ended, too, one after the other. */
const KILLS_AT_ONCE = 20

/**
 * Takes out of what waits what is to be done first, and with it what the firewall can do by the same operation, `atOnce` in all.
 * `verbFor` says what is to be done, undefined: nothing. Undefined: nothing is left that waits.
 */
export function takeBatch(waiting: Map<string, Due>, atOnce: number, verbFor: (due: Due) => Batch['verb'] | undefined): Batch | undefined {
  let batch: (Batch & { readonly due: Due[] }) | undefined
  let most = atOnce
  for (const [key, due] of waiting) {
    if (batch && batch.due.length >= most) break
    const verb = verbFor(due)
    if (verb && batch && (verb !== batch.verb || due.id !== batch.id)) continue
    waiting.delete(key)
    if (!verb) continue
    if (verb === 'remove' && due.kill) most = Math.min(atOnce, KILLS_AT_ONCE)
    batch ??= { verb, target: due.target, id: due.id, due: [] }
    batch.due.push(due)
  }
  return batch
}
