import PQueue from 'p-queue'
import type { DesiredKey } from '../grants/desired.ts'
import { TRAITS, type Traits } from '../firewalls/firewall.ts'
import type { Target, TargetId } from '../firewalls/target.ts'
import { Comparison } from './comparison.ts'
import { keyText, type Due } from './due.ts'
import { Operations, type DoorContext } from './operations.ts'
import { takeBatch } from './plan.ts'

/** First tries of closes go before opens, later tries of either to the back. What is more than one batch waits behind the others: a knock does not wait until ten thousand doors are closed. */
const PRIORITIES = { closes: 2, opens: 1, retries: 0 } as const
type Kind = keyof typeof PRIORITIES

/**
 * The way to one firewall. What is to be done for a key is found out when it is its turn, from what is desired then and what the
 * records say, so there is never more than one operation for a key waiting, and the newest wish wins.
 */
export class Lane {
  readonly #queue = new PQueue({ concurrency: 1 })
  readonly #due: Readonly<Record<Kind, Map<string, Due>>> = { closes: new Map(), opens: new Map(), retries: new Map() }
  readonly #isScheduled: Record<Kind, boolean> = { closes: false, opens: false, retries: false }
  readonly #operations: Operations
  readonly #comparison: Comparison
  readonly #context: DoorContext
  readonly #traits: Traits

  constructor(firewall: Target['firewall'], context: DoorContext) {
    this.#context = context
    this.#traits = TRAITS[firewall]
    this.#comparison = new Comparison(context)
    this.#operations = new Operations(TRAITS[firewall], context, (due) => this.#enqueue('retries', due))
  }

  /** How many operations wait. */
  get waiting(): number {
    return this.#due.closes.size + this.#due.opens.size + this.#due.retries.size + this.#operations.waiting
  }

  /** What is desired of that key may have changed. */
  touch(key: DesiredKey): void {
    const text = keyText(key)
    for (const waiting of Object.values(this.#due)) waiting.delete(text)
    this.#operations.drop(key)
    const kind = this.#context.deadline(key.id, key.address) === undefined ? 'closes' : 'opens'
    this.#enqueue(kind, { ...key, since: this.#context.clocks.boot() })
  }

  /** Compares what a target holds with what it should, and mends it; `closes`: what others have brought back is closed. */
  reconcile(id: TargetId, target: Target, closes: boolean): void {
    if (!this.#traits.lists) return
    void this.run(async () => {
      for (const key of await this.#comparison.compare(id, target, closes)) {
        this.#operations.doubt(key)
        this.touch(key)
      }
    })
  }

  /** Runs something in the lane's own order. */
  run(task: () => Promise<void>): Promise<void> {
    return this.#queue.add(task, { priority: PRIORITIES.opens })
  }

  /** The firewall's helper was started anew: nothing of what it was told is sure any more. */
  forget(): void {
    this.#operations.forget()
  }

  async idle(): Promise<void> {
    await this.#queue.onIdle()
  }

  stop(): void {
    this.#operations.stop()
  }

  #enqueue(kind: Kind, due: Due): void {
    this.#due[kind].set(keyText(due), due)
    this.#schedule(kind, PRIORITIES[kind])
  }

  #schedule(kind: Kind, priority: number): void {
    if (this.#isScheduled[kind] || this.#due[kind].size === 0) return
    this.#isScheduled[kind] = true
    void this.#queue.add(() => this.#drain(kind), { priority })
  }

  async #drain(kind: Kind): Promise<void> {
    const batch = takeBatch(this.#due[kind], this.#traits.atOnce, (due) => this.#operations.verbFor(due))
    if (batch) await this.#operations.perform(batch)
    this.#isScheduled[kind] = false
    this.#schedule(kind, Math.min(PRIORITIES[kind], PRIORITIES.opens))
  }
}
