import type { Address } from '../../parsers/address.ts'
import type { Micros } from '../../parsers/time.ts'
import type { Clocks } from '../clocks.ts'
import type { Target } from '../firewalls/target.ts'
import { ExpiryQueue } from './expiry.ts'

/** The permission that one address holds by one rule until a time: one for each user who knocked from there. */
export interface Grant {
  readonly rule: string
  readonly user: string | undefined
  readonly address: Address
  /** By the wall clock, as the lines say. */
  readonly openedAt: Micros
  /** By the wall clock, as it went when the grant was made or extended. */
  readonly until: Micros
  /** The same by the boot clock. It has expired when either clock says so. */
  readonly deadline: Micros
  /** How far it may be extended, by the boot clock: the wall clock may have been stepped since it was opened. */
  readonly latest: Micros
  /** Where its entries are, and all that is needed to undo them. */
  readonly targets: readonly Target[]
  /** Whether connections that stand are ended with it. */
  readonly kill: boolean
}

/** What a match asks for. */
export interface Wish {
  readonly rule: string
  readonly user?: string | undefined
  readonly address: Address
  /** Of the match. */
  readonly time: Micros
  readonly openFor: Micros
  readonly maxOpen: Micros
  readonly targets: readonly Target[]
  readonly kill: boolean
}

/** Told of every grant that begins to stand, or takes another's place, and of every one that no longer stands. */
export interface GrantWatcher {
  readonly stands: (grant: Grant, before: Grant | undefined) => void
  readonly ended: (grant: Grant) => void
}

/** The grants that stand: at most one per rule, user and address. */
export class Grants {
  readonly #clocks: Pick<Clocks, 'wall' | 'boot'>
  readonly #watcher: GrantWatcher | undefined
  readonly #held = new Map<string, Map<Address, Grant>>()
  #size = 0
  /** The same; there is seldom more than one. */
  readonly #byAddress = new Map<Address, readonly Grant[]>()
  /** By the boot clock; also those that were extended or closed since: only what stands expires. */
  readonly #expiries = new ExpiryQueue<Grant>()
  /** The same by the wall clock: only a step forward can end a grant by it before the boot clock does. */
  readonly #wallExpiries = new ExpiryQueue<Grant>()

  constructor(clocks: Pick<Clocks, 'wall' | 'boot'>, watcher?: GrantWatcher) {
    this.#clocks = clocks
    this.#watcher = watcher
  }

  get size(): number {
    return this.#size
  }

  /** By the boot clock. */
  get now(): Micros {
    return this.#clocks.boot()
  }

  /** When that was by the boot clock. A line may be some seconds ahead of the clock: that gives nobody more time. */
  at(time: Micros): Micros {
    return Math.min(time - (this.#clocks.wall() - this.#clocks.boot()), this.#clocks.boot()) as Micros
  }

  /** By the boot clock; there may be nothing to do then. */
  get nextDeadline(): Micros | undefined {
    return this.#expiries.next
  }

  *all(): IterableIterator<Grant> {
    for (const held of this.#held.values()) yield* held.values()
  }

  /** All that a user holds by a rule, or everybody where it has no users, in the order in which they were opened. */
  heldBy(holder: Pick<Holder, 'rule' | 'user'>): ReadonlyMap<Address, Grant> {
    return this.#held.get(nameOf(holder)) ?? NOBODYS
  }

  /** Everybody's by that rule at that address. */
  of(rule: string, address: Address): readonly Grant[] {
    return this.#byAddress.get(address)?.filter((grant) => grant.rule === rule) ?? NONE
  }

  find(holder: Holder): Grant | undefined {
    return this.heldBy(holder).get(holder.address)
  }

  /** Opens, or extends what stands: never beyond max_open from the first open, and never to an earlier time. */
  open(wish: Wish): { readonly extended: boolean; readonly grant: Grant } {
    const { rule, user, address, time, targets, kill } = wish
    const before = this.find(wish)
    const lead = (this.#clocks.wall() - this.#clocks.boot()) as Micros
    const matched = this.at(time)
    const latest = before?.latest ?? ((matched + wish.maxOpen) as Micros)
    const deadline = Math.max(before?.deadline ?? Number.NEGATIVE_INFINITY, Math.min(matched + wish.openFor, latest)) as Micros
    const openedAt = before?.openedAt ?? time
    const grant = { rule, user, address, openedAt, until: (deadline + lead) as Micros, deadline, latest, targets, kill }
    this.#put(grant, before)
    return { extended: before !== undefined, grant }
  }

  /** Lets a grant that stands last so much longer from now, or as long as it may. */
  prolong(grant: Grant, by: Micros): Grant {
    const deadline = Math.max(grant.deadline, Math.min(this.#clocks.boot() + by, grant.latest)) as Micros
    const prolonged = { ...grant, until: (deadline + this.#clocks.wall() - this.#clocks.boot()) as Micros, deadline }
    this.#put(prolonged, grant)
    return prolonged
  }

  /** Puts back what stood when the process before this one ended, in the same boot of the machine. */
  restore(grant: Grant): void {
    this.#put(grant, undefined)
  }

  /** Ends a grant before its time; false if it does not stand any more. */
  close(grant: Grant): boolean {
    const stands = this.find(grant) === grant
    if (stands) this.#end(grant)
    return stands
  }

  /** Ends the grants whose time has come, the earliest first, at most so many. */
  expire(most = Number.POSITIVE_INFINITY): readonly Grant[] {
    if (!this.#isDue()) return NONE
    const byBoot = this.#expireBy(this.#expiries, this.#clocks.boot(), most)
    return [...byBoot, ...this.#expireBy(this.#wallExpiries, this.#clocks.wall(), most - byBoot.length)]
  }

  /** Mostly not, and it is asked for at every event. */
  #isDue(): boolean {
    const never = Number.POSITIVE_INFINITY
    return (this.#expiries.next ?? never) <= this.#clocks.boot() || (this.#wallExpiries.next ?? never) <= this.#clocks.wall()
  }

  #expireBy(queue: ExpiryQueue<Grant>, now: Micros, most: number): Grant[] {
    const expired: Grant[] = []
    while (expired.length < most) {
      const grant = queue.take(now)
      if (!grant) break
      if (this.find(grant) === grant) expired.push(this.#end(grant))
    }
    return expired
  }

  #put(grant: Grant, before: Grant | undefined): void {
    if (before) this.#takeFromAddress(before)
    else this.#size++
    const held = this.#held.get(nameOf(grant)) ?? new Map<Address, Grant>()
    this.#held.set(nameOf(grant), held.set(grant.address, grant))
    this.#byAddress.set(grant.address, [...(this.#byAddress.get(grant.address) ?? []), grant])
    this.#expiries.add(grant, grant.deadline)
    this.#wallExpiries.add(grant, grant.until)
    this.#watcher?.stands(grant, before)
  }

  #takeFromAddress(grant: Grant): void {
    const left = this.#byAddress.get(grant.address)?.filter((other) => other !== grant) ?? NONE
    if (left.length > 0) this.#byAddress.set(grant.address, left)
    else this.#byAddress.delete(grant.address)
  }

  #end(grant: Grant): Grant {
    const held = this.#held.get(nameOf(grant))
    held?.delete(grant.address)
    if (held?.size === 0) this.#held.delete(nameOf(grant))
    this.#size--
    this.#takeFromAddress(grant)
    this.#watcher?.ended(grant)
    return grant
  }
}

const NONE: readonly Grant[] = []
const NOBODYS: ReadonlyMap<Address, Grant> = new Map()

/** Who holds a grant. */
type Holder = Pick<Wish, 'rule' | 'user' | 'address'>

function nameOf({ rule, user }: Pick<Holder, 'rule' | 'user'>): string {
  return `${rule} ${user ?? ''}`
}
