import { isDeepStrictEqual } from 'node:util'
import type { Network } from '../../parsers/network.ts'
import type { Dialect } from '../../parsers/parser.ts'
import type { Clocks } from '../clocks.ts'
import type { SourceConfig } from '../config/config.ts'
import { reasonOf } from '../error.ts'
import type { Log } from '../log/log.ts'
import { sourceLogEvents } from '../log/source-events.ts'
import { loadDialect } from '../plug-in.ts'
import { followSource, type Rights } from '../sources/follow.ts'
import type { EventBatch, LiveSource } from '../sources/source.ts'
import type { Positions } from './positions.ts'

export interface FollowingParts {
  readonly clocks: Clocks
  readonly bootId: string
  readonly log: Log
  /** What only root may open was opened before its rights were given up. */
  readonly rights: ReadonlyMap<string, Rights>
  /** Undefined: nothing is written. */
  readonly positions: Positions | undefined
  readonly read: (batch: EventBatch) => void
  readonly proxies: () => readonly Network[]
  readonly knockCount: () => number
  /** No source is left that could ever be read again. */
  readonly allEnded: () => void
}

/** ended: it is never tried again. */
export type SourceState = 'starting' | 'running' | 'suspended' | 'ended'

interface Followed {
  readonly config: SourceConfig
  readonly live: LiveSource
  state: SourceState
}

/** The sources that the daemon follows. */
export class Following {
  readonly #parts: FollowingParts
  readonly #followed = new Map<string, Followed>()
  #wanted: readonly SourceConfig[] = []
  #positionsFail = false
  #waiting: (() => void)[] = []

  constructor(parts: FollowingParts) {
    this.#parts = parts
  }

  get sources(): readonly LiveSource[] {
    return [...this.#followed.values()].map(({ live }) => live)
  }

  get states(): readonly SourceState[] {
    return [...this.#followed.values()].map(({ state }) => state)
  }

  /** Undefined: it could not even be begun. */
  stateOf(source: string): SourceState | undefined {
    return this.#followed.get(source)?.state
  }

  /** Resolves when each has been followed, or found that it cannot be, for the first time. */
  async begun(): Promise<void> {
    while (this.states.includes('starting')) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** The first of these that cannot be begun anew: what only root may open was opened before its rights were given up. */
  fixed(sources: readonly SourceConfig[]): string | undefined {
    const changed = sources.find((source) => {
      const before = this.#followed.get(source.name)?.config
      return this.#parts.rights.has(source.name) && before !== undefined && !isSame(source, before)
    })
    return changed?.name
  }

  /** Follows these and no others; those that stay as they are go on undisturbed. */
  async follow(sources: readonly SourceConfig[]): Promise<void> {
    this.#wanted = sources
    for (const [name, followed] of this.#followed) {
      if (sources.some((source) => source.name === name && isSame(source, followed.config))) continue
      this.#followed.delete(name)
      await followed.live.stop()
      this.#keepPlace(followed)
    }
    for (const source of sources) if (!this.#followed.has(source.name)) await this.#begin(source)
  }

  async stop(): Promise<void> {
    await Promise.all(this.sources.map((live) => live.stop()))
    this.savePositions()
  }

  savePositions(): void {
    for (const followed of this.#followed.values()) this.#keepPlace(followed)
    try {
      this.#parts.positions?.save(this.#wanted)
      if (this.#positionsFail) this.#parts.log.write({ level: 'info', event: 'positions-recovered', text: 'positions can be written again', facts: {} })
      this.#positionsFail = false
    } catch (error) {
      if (!this.#positionsFail) {
        const text = `positions cannot be written: ${reasonOf(error)}: a restart may read lines again, or miss some`
        this.#parts.log.write({ level: 'error', event: 'positions-refused', text, facts: {} })
      }
      this.#positionsFail = true
    }
  }

  #keepPlace({ config, live }: Followed): void {
    this.#parts.positions?.keep(config, live.position())
  }

  async #begin(config: SourceConfig): Promise<void> {
    const dialect = await this.#dialectOf(config)
    if (!dialect) return
    const { clocks, bootId, log, rights, positions, read, proxies, knockCount } = this.#parts
    const own = rights.get(config.name)
    const live = followSource(config, {
      clocks, bootId, dialect, proxies, knockCount, position: positions?.of(config), ...(own && { rights: own }),
      events: {
        events: read,
        running: (source) => {
          // Whatever comes from here on is read after a crash, too.
          this.savePositions()
          log.write(sourceLogEvents.running(source))
          this.#is(source, 'running')
        },
        suspended: (source, why, retryMs) => {
          log.write(sourceLogEvents.suspended(source, why, retryMs))
          this.#is(source, retryMs === undefined ? 'ended' : 'suspended')
        },
        lost: (source, lines, why) => log.write(sourceLogEvents.lost(source, lines, why)),
        note: (source, text) => log.write(sourceLogEvents.note(source, text)),
      },
    })
    this.#followed.set(config.name, { config, live, state: 'starting' })
  }

  /** Undefined: there is none, which was told. */
  async #dialectOf({ name, parser = 'kernel' }: SourceConfig): Promise<Dialect | undefined> {
    try {
      return await loadDialect(parser)
    } catch (error) {
      this.#parts.log.write(sourceLogEvents.suspended(name, reasonOf(error), undefined))
      return undefined
    }
  }

  #is(source: string, state: SourceState): void {
    const followed = this.#followed.get(source)
    if (followed) followed.state = state
    for (const look of this.#waiting.splice(0)) look()
    if (this.states.every((one) => one === 'ended')) this.#parts.allEnded()
  }
}

function isSame(one: SourceConfig, other: SourceConfig): boolean {
  return isDeepStrictEqual({ ...one, line: 0 }, { ...other, line: 0 })
}
