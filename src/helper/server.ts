import type { Micros } from '../../parsers/time.ts'
import { reasonOf } from '../error.ts'
import type { Entries } from '../firewalls/entries.ts'
import { TRAITS, type Firewall, type Outcome } from '../firewalls/firewall.ts'
import { DONE, failed } from '../firewalls/outcome.ts'
import type { OpenTargets } from '../firewalls/open-targets.ts'
import type { TargetId } from '../firewalls/target.ts'
import { Turns } from '../firewalls/turns.ts'
import type { Reply, TargetRequest } from '../wire.ts'
import { parseRequest } from './protocol.ts'

export interface ServerParts {
  readonly say: (reply: Reply) => void
  readonly targets: OpenTargets
  readonly entries: Entries
  readonly boot: () => Micros
  /** Throws a KnocktailError, and goes on with what it had. */
  readonly reload: () => Promise<void>
  readonly spend: (entry: string) => Promise<Outcome>
  readonly leave: () => void
}

const MOST_AT_ONCE = 1000

/** Does what lines ask for. */
export class Server {
  readonly turns = new Turns<TargetId, TargetRequest>((batch) => this.#perform(batch), companion)
  readonly #parts: ServerParts

  constructor(parts: ServerParts) {
    this.#parts = parts
  }

  receive(line: string): void {
    const request = parseRequest(line)
    if ('problem' in request) this.#parts.say({ id: request.id, kind: 'failed', why: request.problem })
    else if ('target' in request) this.turns.push(request.target, request)
    else if (request.verb === 'leave') void this.#leave(request.id)
    else if (request.verb === 'ping') this.#parts.say({ id: request.id, ...DONE })
    else void this.#say(request.id, request.verb === 'spend' ? this.#parts.spend(request.entry) : this.#parts.reload().then(() => DONE))
  }

  async #say(id: number, work: Promise<Outcome>): Promise<void> {
    this.#parts.say({ id, ...(await work.catch((error: unknown) => failed(reasonOf(error)))) })
  }

  async #leave(id: number): Promise<void> {
    await this.turns.idle()
    this.#parts.say({ id, kind: 'done' })
    this.#parts.leave()
  }

  async #perform(batch: readonly TargetRequest[]): Promise<void> {
    const { say, targets } = this.#parts
    const allowed = batch.filter((request) => {
      const why = targets.refusal(request)
      if (why !== undefined) say({ id: request.id, kind: 'failed', why })
      return why === undefined
    })
    if (allowed.length === 0) return
    const outcomes = await this.#act(allowed).catch((error: unknown) => allowed.map(() => failed(reasonOf(error))))
    for (const [index, request] of allowed.entries()) this.#answer(request, outcomes[index] ?? failed('no outcome'))
  }

  async #act(batch: readonly TargetRequest[]): Promise<readonly Outcome[]> {
    const { id, verb, target } = batch[0]!
    const firewall = await this.#parts.targets.open(target)
    if (verb === 'list') return [await this.#list(id, firewall)]
    if (verb === 'check') return [await this.#check(id, target)]
    const addressed = batch.filter((request) => 'address' in request)
    if (verb === 'kill') return Promise.all(addressed.map(({ address }) => firewall.kill(address)))
    if (verb === 'remove') return firewall.remove(addressed.map(({ address }) => address))
    return firewall[verb](addressed.flatMap((request) => ('seconds' in request ? { address: request.address, seconds: this.#parts.targets.capped(target, request.seconds) } : [])))
  }

  async #check(id: number, target: TargetId): Promise<Outcome> {
    for (const finding of await this.#parts.targets.check(target)) this.#parts.say({ id, kind: 'finding', ...finding })
    return DONE
  }

  async #list(id: number, firewall: Firewall): Promise<Outcome> {
    const listing = await firewall.list()
    if (listing.kind === 'failed') return listing
    for (const entry of listing.entries) this.#parts.say({ id, kind: 'entry', ...entry })
    return { kind: 'done' }
  }

  #answer(request: TargetRequest, outcome: Outcome): void {
    const { entries, boot, say, targets } = this.#parts
    const { firewall } = targets.find(request.target)!
    // A command that failed may have opened all the same.
    const mayBeOpen = outcome.kind === 'done' || (outcome.kind === 'failed' && firewall === 'command' && request.verb === 'add')
    if ('seconds' in request && mayBeOpen && !TRAITS[firewall].expires) entries.put(request, (boot() + targets.capped(request.target, request.seconds) * 1e6) as Micros)
    if (request.verb === 'remove' && outcome.kind === 'done') entries.delete(request)
    say({ id: request.id, ...outcome })
  }
}

/** Requests of one verb for different addresses go together. Commands may take long, and each is answered when it has ended. */
function companion(first: TargetRequest): (next: TargetRequest) => boolean {
  if (!('address' in first) || first.target.startsWith('command.')) return () => false
  const addresses = new Set([first.address])
  return (next) => next.verb === first.verb && 'address' in next && addresses.size < MOST_AT_ONCE && addresses.size < addresses.add(next.address).size
}
