import type { Address } from '../../parsers/address.ts'
import { MINUTE, type Micros } from '../../parsers/time.ts'
import type { GuardLimits } from '../config/config.ts'
import type { Grant, Grants } from '../grants/grants.ts'
import { countAt, counted, type Count } from './count.ts'

/** Who asks for a grant: caps are counted for each user of a rule, or for the rule where it has none. */
export interface Asker {
  readonly rule: string
  readonly user?: string | undefined
  readonly address: Address
}

/** `evict`: what must close to make room. */
export type Admission =
  | { readonly kind: 'open'; readonly evict: readonly Grant[] }
  | { readonly kind: 'capped'; readonly cap: 'max_opens' | 'max_grants'; readonly limit: number }

export interface CapParts {
  readonly grants: Pick<Grants, 'heldBy'>
  /** Whether somebody is connected by that grant, as far as it can be seen. */
  readonly isConnected: (grant: Grant) => boolean
}

/** How many opens within a minute, and how many grants at a time. What one user asks for takes nothing from another. */
export class Caps {
  readonly #parts: CapParts
  readonly #opens = new Map<string, Count>()

  constructor(parts: CapParts) {
    this.#parts = parts
  }

  /** Whether one more may open. At the cap on grants the oldest that nobody uses makes room; only if all are used is it refused. */
  admit(asker: Asker, { maxOpens, maxGrants }: GuardLimits, now: Micros): Admission {
    if (maxOpens > 0 && countAt(this.#opens.get(nameOf(asker)), now) >= maxOpens) return { kind: 'capped', cap: 'max_opens', limit: maxOpens }
    const evict = this.#evictable(asker, maxGrants)
    return evict ? { kind: 'open', evict } : { kind: 'capped', cap: 'max_grants', limit: maxGrants }
  }

  opened(asker: Asker, now: Micros): void {
    this.#opens.set(nameOf(asker), counted(this.#opens.get(nameOf(asker)), now, MINUTE))
  }

  /** Undefined: there is no room, and none can be made. */
  #evictable(asker: Asker, maxGrants: number): Grant[] | undefined {
    const { grants, isConnected } = this.#parts
    const own = grants.heldBy(asker)
    const excess = maxGrants === 0 ? 0 : own.size - maxGrants + 1
    if (excess <= 0) return []
    const evict: Grant[] = []
    for (const grant of own.values()) {
      if (!isConnected(grant)) evict.push(grant)
      if (evict.length === excess) return evict
    }
    return undefined
  }
}

function nameOf({ rule, user = '' }: Asker): string {
  return `${rule} ${user}`
}
