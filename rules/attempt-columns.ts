import type { Micros } from '../parsers/time.ts'
import type { Attempt } from './choice.ts'
import { FIRST_PLACES, grown, NONE, Places } from './columns.ts'
import type { Compiled } from './compile.ts'

const newColumns = (places: number) => ({
  times: new Float64Array(places), orders: new Float64Array(places), taken: new Uint8Array(places), missing: new Uint8Array(places), next: new Int32Array(places),
})

/** Lists of attempts as numbers, each known by the place of its first one. No sequence has more steps than a byte can count: the configuration takes 32. */
export class AttemptColumns {
  readonly #places = new Places()
  #columns = newColumns(FIRST_PLACES)
  readonly #compiled: Compiled[] = []

  /** NONE: of no attempts. */
  put(attempts: readonly Attempt[]): number {
    let head = NONE
    for (const attempt of attempts.toReversed()) head = this.#add(attempt, head)
    return head
  }

  read(head: number): Attempt[] {
    const { times, orders, taken, missing, next } = this.#columns
    const attempts: Attempt[] = []
    for (let place = head; place !== NONE; place = next[place]!) {
      const start = { time: times[place] as Micros, order: orders[place]! }
      attempts.push({ compiled: this.#compiled[place]!, start, taken: taken[place]!, next: missing[place]! })
    }
    return attempts
  }

  giveBack(head: number): void {
    for (let place = head; place !== NONE; place = this.#columns.next[place]!) this.#places.giveBack(place)
  }

  clear(): void {
    this.#places.clear()
    this.#compiled.length = 0
  }

  #add({ compiled, start, taken: steps, next: missingStep }: Attempt, behind: number): number {
    const place = this.#places.take()
    if (place === this.#columns.next.length) this.#columns = grown(this.#columns, newColumns, 2 * place)
    const { times, orders, taken, missing, next } = this.#columns
    this.#compiled[place] = compiled
    times[place] = start.time
    orders[place] = start.order
    taken[place] = steps
    missing[place] = missingStep
    next[place] = behind
    return place
  }
}
