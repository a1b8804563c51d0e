import type { Address } from '../../parsers/address.ts'
import type { Micros } from '../../parsers/time.ts'
import type { Key, TargetId } from './target.ts'

/** Entries that nobody but this process would take away if the front died, and until when they stand, by the boot clock. */
export class Entries {
  readonly #entries = new Map<string, { readonly deadline: Micros; readonly isInherited: boolean }>()

  get size(): number {
    return this.#entries.size
  }

  put({ target, address }: Key, deadline: Micros, isInherited = false): void {
    this.#entries.set(`${target} ${address}`, { deadline, isInherited })
  }

  delete({ target, address }: Key): void {
    this.#entries.delete(`${target} ${address}`)
  }

  has({ target, address }: Key): boolean {
    return this.#entries.has(`${target} ${address}`)
  }

  /** Of what a helper before left, and no front has spoken of since, nobody else knows. */
  keepInherited(): void {
    for (const [key, { isInherited }] of this.#entries) if (!isInherited) this.#entries.delete(key)
  }

  /** Those whose time is over. */
  due(now: number): (Key & { readonly deadline: Micros })[] {
    return [...this.#entries].flatMap(([key, { deadline }]) => {
      const [target, address] = key.split(' ')
      return deadline > now ? [] : [{ target: target as TargetId, address: address as Address, deadline }]
    })
  }
}
