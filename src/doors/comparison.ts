import { isDeepStrictEqual } from 'node:util'
import type { Address } from '../../parsers/address.ts'
import type { Target, TargetId } from '../firewalls/target.ts'
import type { DesiredKey } from '../grants/desired.ts'
import type { DoorContext } from './operations.ts'
import { difference } from './reconcile.ts'

/** What one firewall's targets hold, beside what they should, and what is told of the difference. */
export class Comparison {
  readonly #context: Pick<DoorContext, 'helper' | 'keys' | 'clocks' | 'deadline' | 'told'>
  readonly #strays = new Set<string>()

  constructor(context: Pick<DoorContext, 'helper' | 'keys' | 'clocks' | 'deadline' | 'told'>) {
    this.#context = context
  }

  /** Looks what that target holds; answers the keys that are not as they should be. `closes`: also those that others have brought back. */
  async compare(id: TargetId, target: Target, closes: boolean): Promise<DesiredKey[]> {
    const { helper, keys, clocks, told } = this.#context
    const listing = await helper.list(id)
    if (listing.kind === 'failed') return []
    const held = [...keys.of(id)].map(({ address, foreign }) => ({ address, foreign, deadline: this.#context.deadline(id, address) }))
    const found = difference(held, listing.entries, clocks.boot())
    for (const address of found.vanished) told({ kind: 'vanished', target, address })
    for (const address of found.taken) {
      told({ kind: 'taken', target, address })
      keys.put({ ...keys.find(id, address)!, foreign: true, inDoubt: false })
    }
    this.#tellStrays(target, found.strays)
    const restored = closes ? found.restored.filter((address) => !this.#isHeldElsewhere(target, address)) : []
    for (const address of restored) {
      told({ kind: 'restored', target, address })
      keys.put({ id, target, address, kill: false, foreign: false, inDoubt: false })
    }
    const wrong = [...found.vanished, ...found.misdated, ...found.overdue, ...found.gone, ...found.freed, ...restored]
    return wrong.map((address) => ({ id, target, address, kill: keys.find(id, address)!.kill }))
  }

  /** After a reload another target may fill the same set: what stands there is then that one's. */
  #isHeldElsewhere({ firewall, port }: Target, address: Address): boolean {
    return [...this.#context.keys.at(address)].some(({ target }) => target.firewall === firewall && isDeepStrictEqual(target.port, port))
  }

  /** Each once. */
  #tellStrays(target: Target, strays: readonly Address[]): void {
    for (const address of strays) {
      if (!this.#strays.has(address)) this.#context.told({ kind: 'stray', target, address })
      this.#strays.add(address)
    }
  }
}
