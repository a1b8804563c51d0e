import type { Clocks } from '../clocks.ts'
import type { Outcome } from '../firewalls/firewall.ts'
import { targetId, type Target } from '../firewalls/target.ts'
import type { Helper } from '../front/helper.ts'
import type { InHand, Knocked } from '../grants/in-hand.ts'
import type { LedgerKeeping } from '../grants/ledger.ts'
import type { DoorEvent } from './door-event.ts'
import type { Lane } from './lane.ts'

export interface RunOnceParts {
  readonly helper: Pick<Helper, 'add'>
  readonly clocks: Pick<Clocks, 'boot'>
  readonly inHand: InHand
  readonly save: LedgerKeeping['save']
  readonly lane: Pick<Lane, 'run'>
  readonly told: (event: DoorEvent) => void
}

const NO_ANSWER: Outcome = { kind: 'failed', why: 'no answer' }

/**
 * Runs a command that nothing undoes. That it was asked for stands on disk before it is run: it is never run twice for one match, and what a
 * crash leaves in doubt is known to the next process, which tells of it; what nobody was asked for, it runs.
 */
export function runOnce(target: Target, { rule, user, address, time }: Knocked, { helper, clocks, inHand, save, lane, told }: RunOnceParts): Promise<void> {
  const since = clocks.boot()
  const wanted = inHand.add({ rule, user, address, time, stage: 'wanted' })
  void save('soon')
  return lane.run(async () => {
    inHand.delete(wanted)
    const asked = inHand.add({ ...wanted, stage: 'asked' })
    await save()
    const [outcome = NO_ANSWER] = await helper.add(targetId(target), [{ address, seconds: 1 }])
    inHand.delete(asked)
    if (outcome.kind === 'failed' && outcome.isUnasked) inHand.add(wanted)
    void save('soon')
    if (outcome.kind === 'done') told({ kind: 'opened', target, address, ms: (clocks.boot() - since) / 1000 })
    else told({ kind: 'failed', verb: 'add', target, address, why: 'why' in outcome ? outcome.why : outcome.kind, retryMs: undefined })
  })
}
