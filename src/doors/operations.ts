import type { Address } from '../../parsers/address.ts'
import type { Micros } from '../../parsers/time.ts'
import type { Clocks } from '../clocks.ts'
import type { Outcome, Traits } from '../firewalls/firewall.ts'
import type { TargetId } from '../firewalls/target.ts'
import type { DesiredKey } from '../grants/desired.ts'
import type { KeyRecords } from '../grants/key-records.ts'
import type { LedgerKeeping } from '../grants/ledger.ts'
import type { Helper } from '../front/helper.ts'
import { Backoff } from './backoff.ts'
import type { DoorEvent, Verb } from './door-event.ts'
import { keyText, type Due } from './due.ts'
import type { Batch } from './plan.ts'

/** What is worked with at the doors. */
export interface DoorContext {
  readonly helper: Helper
  readonly clocks: Clocks
  readonly keys: KeyRecords
  /** Until when a key should be there, by the boot clock; undefined: it should not. */
  readonly deadline: (id: TargetId, address: Address) => Micros | undefined
  /** Resolves with whether all that is recorded is on disk. */
  readonly save: LedgerKeeping['save']
  readonly told: (event: DoorEvent) => void
}

/** What is done at one firewall, one operation at a time, and what comes of it. */
export class Operations {
  readonly #traits: Traits
  readonly #context: DoorContext
  /** The deadlines of which the firewall has confirmed that it knows them. */
  readonly #confirmed = new Map<string, Micros>()
  readonly #again: (due: Due) => void
  readonly #backoff: Backoff<Due>

  /** `again`: what failed, or was undone because of a doubt, comes up once more. */
  constructor(traits: Traits, context: DoorContext, again: (due: Due) => void) {
    this.#traits = traits
    this.#context = context
    this.#again = again
    this.#backoff = new Backoff(again)
  }

  /** How many wait to be tried again. */
  get waiting(): number {
    return this.#backoff.size
  }

  /** That key comes up by itself. */
  drop(key: DesiredKey): void {
    this.#backoff.drop(keyText(key))
  }

  /** What the firewall was told of that key is not what it holds. */
  doubt(key: Pick<DesiredKey, 'id' | 'address'>): void {
    this.#confirmed.delete(keyText(key))
  }

  forget(): void {
    this.#confirmed.clear()
  }

  stop(): void {
    this.#backoff.stop()
  }

  /** Undefined: it is as it should be, or nothing may be done. */
  verbFor(due: Due): Batch['verb'] | undefined {
    const { keys, clocks } = this.#context
    const deadline = this.#context.deadline(due.id, due.address)
    const record = keys.find(due.id, due.address)
    if (deadline === undefined || deadline <= clocks.boot()) {
      if (record?.foreign) keys.delete(due.id, due.address)
      return record && !record.foreign ? 'remove' : undefined
    }
    if (!record) return 'add'
    // Somebody else's entry may be gone by now: then ours is wanted.
    if (record.foreign) return this.#traits.lists ? 'add' : undefined
    if (!this.#traits.repeats) return record.inDoubt ? 'remove' : undefined
    if (this.#confirmed.get(keyText(due)) === deadline) return undefined
    // Somebody else's may stand there by now: where entries show whose they are, `add` looks.
    return this.#traits.marks ? 'add' : 'renew'
  }

  async perform(batch: Batch): Promise<void> {
    if (batch.verb === 'remove') return this.#remove(batch)
    // Not even a microtask lies between a knock and the firewall, where nothing must be waited for.
    if (batch.verb === 'add' && !this.#traits.expires && !(await this.#isRecorded(batch))) return
    const { clocks, keys, helper, save } = this.#context
    const deadlines = batch.due.map(({ id, address }) => this.#context.deadline(id, address) ?? clocks.boot())
    const entries = batch.due.map(({ address }, index) => ({ address, seconds: Math.max(1, Math.ceil((deadlines[index]! - clocks.boot()) / 1e6)) }))
    const asked = batch.verb === 'add' ? helper.add(batch.id, entries) : helper.renew(batch.id, entries)
    if (batch.verb === 'add' && this.#traits.expires && this.#record(batch).length > 0) void save('soon')
    const outcomes = await asked
    for (const [index, due] of batch.due.entries()) {
      const outcome = outcomes[index] ?? NO_ANSWER
      if (outcome.kind === 'foreign') keys.put({ ...due, foreign: true, inDoubt: false })
      if (outcome.kind === 'unserved') keys.delete(due.id, due.address)
      const isKnown = this.#confirmed.has(keyText(due))
      if (outcome.kind === 'done') this.#confirmed.set(keyText(due), deadlines[index]!)
      if (outcome.kind === 'done' && !this.#isOurs(due)) keys.put({ ...due, foreign: false, inDoubt: false })
      this.#tell(isKnown ? 'renew' : batch.verb, due, outcome)
    }
    if (batch.verb === 'add') void save('soon')
  }

  /** Before the firewall is touched it stands on disk that it may have been; only where entries end by themselves, beside it. */
  async #isRecorded(batch: Batch): Promise<boolean> {
    const { keys, save } = this.#context
    const fresh = this.#record(batch)
    if (fresh.length === 0 || (await save('now'))) return true
    for (const due of fresh) {
      keys.delete(due.id, due.address)
      this.#tell('add', due, { kind: 'failed', why: 'the ledger cannot be written, and nothing else would close it' })
    }
    return false
  }

  #isOurs({ id, address }: Due): boolean {
    const record = this.#context.keys.find(id, address)
    return record !== undefined && !record.foreign && !record.inDoubt
  }

  /** Answers those that were not there. */
  #record(batch: Batch): Due[] {
    const { keys } = this.#context
    const fresh = batch.due.filter(({ id, address }) => !keys.find(id, address))
    for (const due of fresh) keys.put({ ...due, foreign: false, inDoubt: !this.#traits.repeats })
    return fresh
  }

  async #remove(batch: Batch): Promise<void> {
    const { helper, keys, save } = this.#context
    for (const due of batch.due) this.#confirmed.delete(keyText(due))
    const outcomes = await helper.remove(batch.id, batch.due.map(({ address }) => address))
    for (const [index, due] of batch.due.entries()) {
      const outcome = outcomes[index] ?? NO_ANSWER
      const record = keys.find(due.id, due.address)
      if (outcome.kind === 'done') keys.delete(due.id, due.address)
      this.#tell('remove', due, outcome)
      if (outcome.kind === 'done' && record?.inDoubt) this.#again(due)
      if (outcome.kind === 'done' && record?.kill) this.#tell('kill', due, await helper.kill(due.id, due.address))
    }
    void save('soon')
  }

  #tell(verb: Verb, due: Due, outcome: Outcome): void {
    const about = { target: due.target, address: due.address }
    const { told, clocks } = this.#context
    if (outcome.kind === 'done' && verb !== 'kill') {
      this.#backoff.reset(keyText(due))
      told({ ...about, kind: CONFIRMED[verb], ms: (clocks.boot() - due.since) / 1000 })
    } else if (outcome.kind === 'foreign') {
      told({ ...about, kind: 'foreign' })
    } else if (outcome.kind === 'unserved' && verb !== 'remove') {
      told({ ...about, kind: 'unserved', why: outcome.why })
    } else if (outcome.kind !== 'done') {
      // What may have been done once must not be done twice; but a close is tried until it is confirmed.
      const again = verb === 'remove' || (verb !== 'kill' && this.#traits.repeats)
      const retryMs = again ? this.#backoff.wait(keyText(due), due) : undefined
      told({ ...about, kind: 'failed', verb, why: outcome.why, retryMs })
    }
  }
}

const CONFIRMED = { add: 'opened', renew: 'renewed', remove: 'closed' } as const
const NO_ANSWER: Outcome = { kind: 'failed', why: 'no answer for this address' }
