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
  /** No source is left that could ever be read again. */
  readonly allEnded: () => void
}

interface Followed {
  readonly config: SourceConfig
  readonly live: LiveSource
  ended: boolean
}

/** The sources that the daemon follows. */
export class Following {
  readonly #parts: FollowingParts
  readonly #followed = new Map<string, Followed>()
  #positionsFail = false

  constructor(parts: FollowingParts) {
    this.#parts = parts
  }

  get sources(): readonly LiveSource[] {
    return [...this.#followed.values()].map(({ live }) => live)
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
    for (const [name, { config, live }] of this.#followed) {
      if (sources.some((source) => source.name === name && isSame(source, config))) continue
      this.#followed.delete(name)
      await live.stop()
    }
    for (const source of sources) if (!this.#followed.has(source.name)) await this.#begin(source)
  }

  async stop(): Promise<void> {
    await Promise.all(this.sources.map((live) => live.stop()))
    this.savePositions()
  }

  savePositions(): void {
    try {
      this.#parts.positions?.save(this.#followed.values())
      this.#positionsFail = false
    } catch (error) {
      if (!this.#positionsFail) {
        const text = `positions cannot be written: ${reasonOf(error)}: a restart may read lines again, or miss some`
        this.#parts.log.write({ level: 'error', event: 'positions-refused', text, facts: {} })
      }
      this.#positionsFail = true
    }
  }

  async #begin(config: SourceConfig): Promise<void> {
    const dialect = await this.#dialectOf(config)
    if (!dialect) return
    const { clocks, bootId, log, rights, positions, read, proxies } = this.#parts
    const own = rights.get(config.name)
    const live = followSource(config, {
      clocks, bootId, dialect, proxies, position: positions?.of(config), ...(own && { rights: own }),
      events: {
        events: read,
        running: (source) => log.write(sourceLogEvents.running(source)),
        suspended: (source, why, retryMs) => {
          log.write(sourceLogEvents.suspended(source, why, retryMs))
          if (retryMs === undefined) this.#end(source)
        },
        lost: (source, lines, why) => log.write(sourceLogEvents.lost(source, lines, why)),
        note: (source, text) => log.write(sourceLogEvents.note(source, text)),
      },
    })
    this.#followed.set(config.name, { config, live, ended: false })
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

  #end(source: string): void {
    const followed = this.#followed.get(source)
    if (followed) followed.ended = true
    if ([...this.#followed.values()].every(({ ended }) => ended)) this.#parts.allEnded()
  }
}

function isSame(one: SourceConfig, other: SourceConfig): boolean {
  return isDeepStrictEqual({ ...one, line: 0 }, { ...other, line: 0 })
}
