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

/** As much as one command line and one look at the firewall can well take. */
const BATCH_KEYS = 500

/** What is to be done, in the order in which it came due; `verbFor` says what, undefined: nothing. */
export function planBatches(all: readonly Due[], verbFor: (due: Due) => Batch['verb'] | undefined): Batch[] {
  const open = new Map<string, Due[]>()
  const batches: Batch[] = []
  for (const one of all) {
    const verb = verbFor(one)
    if (!verb) continue
    const group = `${verb} ${one.id}`
    const batch = open.get(group)
    if (batch && batch.length < BATCH_KEYS) {
      batch.push(one)
      continue
    }
    const due = [one]
    open.set(group, due)
    batches.push({ verb, target: one.target, id: one.id, due })
  }
  return batches
}
