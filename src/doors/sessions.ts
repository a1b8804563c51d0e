import type { Address } from '../../parsers/address.ts'
import { SECOND, type Micros } from '../../parsers/time.ts'
import type { Clocks } from '../clocks.ts'
import type { Config, DoorRule } from '../config/config.ts'
import type { Grant, Grants } from '../grants/grants.ts'

/** An established TCP connection to this host. */
export interface Session {
  readonly localPort: number
  readonly peer: Address
  readonly peerPort: number
}

export interface SessionParts {
  readonly grants: Grants
  readonly clocks: Pick<Clocks, 'boot'>
  readonly config: () => Config
  /** Undefined: they cannot be listed now. */
  readonly sessions: () => Promise<readonly Session[] | undefined>
  readonly ended: (grant: Grant) => void
}

/** As long as somebody is connected, a door that closes with him is kept open for so long at a time. */
const PROLONG = (60 * SECOND) as Micros
const SOON = (10 * SECOND) as Micros

/** What is known of the connections of one grant. */
interface Known {
  /** Ports of connections that stood before the door was opened: they say nothing of it. */
  readonly before: ReadonlySet<number>
  connected: boolean
}

/** Ends grants by their `close_when`: with the first connection, or with the end of the last one. */
export class Sessions {
  readonly #parts: SessionParts
  readonly #known = new Map<string, Known>()
  #looking = false
  /** Who was connected where when it was last looked: `192.0.2.7 22`. */
  #connected: ReadonlySet<string> = new Set()

  constructor(parts: SessionParts) {
    this.#parts = parts
  }

  /** Looks once; does nothing where no grant needs it, or while the last look is not over. */
  async look(): Promise<void> {
    if (this.#looking) return
    const watched = this.#watched()
    this.#forget(watched)
    if (watched.length === 0 && !this.#isCrowded()) return
    this.#looking = true
    const sessions = await this.#parts.sessions()
    this.#looking = false
    this.#connected = new Set(sessions?.map(({ peer, localPort }) => `${peer} ${localPort}`))
    if (!sessions) return
    const byPeer = new Map<Address, Session[]>()
    for (const session of sessions) {
      const own = byPeer.get(session.peer)
      if (own) own.push(session)
      else byPeer.set(session.peer, [session])
    }
    for (const { grant, door } of watched) this.#judge(grant, door, byPeer.get(grant.address) ?? [])
  }

  /** Whether the holder of that grant was connected to what it opens when it was last looked. */
  isConnected({ rule, address }: Grant): boolean {
    if (this.#connected.size === 0) return false
    const door = this.#parts.config().rules.find(({ match }) => match.name === rule)
    return door !== undefined && door.opens.ports.some(({ port, proto }) => proto === 'tcp' && this.#connected.has(`${address} ${port}`))
  }

  /** So many grants stand that a cap may soon ask who is connected. */
  #isCrowded(): boolean {
    const { grants, config } = this.#parts
    return config().rules.some(({ guard: { maxGrants } }) => maxGrants > 0 && 2 * grants.size >= maxGrants)
  }

  #watched(): { readonly grant: Grant; readonly door: DoorRule }[] {
    const { grants, config } = this.#parts
    const doors = new Map(config().rules.filter(({ opens }) => opens.closeWhen !== 'timeout').map((door) => [door.match.name, door]))
    if (doors.size === 0) return []
    return [...grants.all()].flatMap((grant) => {
      const door = doors.get(grant.rule)
      return door ? { grant, door } : []
    })
  }

  #forget(watched: readonly { readonly grant: Grant }[]): void {
    if (this.#known.size === 0) return
    const keys = new Set(watched.map(({ grant }) => keyOf(grant)))
    for (const key of this.#known.keys()) if (!keys.has(key)) this.#known.delete(key)
  }

  #judge(grant: Grant, { opens }: DoorRule, ofPeer: readonly Session[]): void {
    const ports = new Set<number>(opens.ports.filter(({ proto }) => proto === 'tcp').map(({ port }) => port))
    const own = ofPeer.filter(({ localPort }) => ports.has(localPort)).map(({ peerPort }) => peerPort)
    const known = this.#known.get(keyOf(grant))
    if (!known) {
      this.#known.set(keyOf(grant), { before: new Set(own), connected: false })
      return
    }
    const isConnected = own.some((port) => !known.before.has(port))
    if (opens.closeWhen === 'connected' ? isConnected : known.connected && own.length === 0) this.#parts.ended(grant)
    else if (isConnected) this.#keepOpen(grant, known, opens)
  }

  #keepOpen(grant: Grant, known: Known, { closeWhen }: DoorRule['opens']): void {
    known.connected = true
    const { grants, clocks } = this.#parts
    if (closeWhen === 'disconnected' && grant.deadline - clocks.boot() < SOON) grants.prolong(grant, PROLONG)
  }
}

function keyOf({ rule, address, openedAt }: Grant): string {
  return `${address} ${openedAt} ${rule}`
}
