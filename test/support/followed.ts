import type { ConnectionEvent } from '../../parsers/event.ts'
import { machineClocks, readBootId } from '../../src/clocks.ts'
import type { Follow, SourceConfig } from '../../src/config/config.ts'
import { followSource, type FollowContext } from '../../src/sources/follow.ts'
import type { LiveSource } from '../../src/sources/source.ts'

/** A source that is followed, and all it told. Whoever makes it must stop it. */
export interface Followed {
  readonly live: LiveSource
  readonly events: ConnectionEvent[]
  readonly backlog: ConnectionEvent[]
  readonly notes: string[]
  readonly suspensions: { readonly why: string; readonly retryMs: number | undefined }[]
  readonly losses: { readonly lines: number; readonly why: string }[]
  runs: number
}

export function sourceConfig(follow: Follow, more: Partial<SourceConfig> = {}): SourceConfig {
  return { name: 'test', follow, parser: undefined, prefix: undefined, timezone: 'UTC', quietAfter: undefined, canary: false, line: 1, ...more }
}

export function followed(config: SourceConfig, more: Partial<FollowContext> = {}): Followed {
  const clocks = machineClocks()
  const told: Omit<Followed, 'live'> = { events: [], backlog: [], notes: [], suspensions: [], losses: [], runs: 0 }
  const live = followSource(config, {
    clocks, bootId: readBootId(clocks), position: undefined, proxies: () => [], knockCount: () => told.events.length + told.backlog.length, ...more,
    events: {
      events: ({ events, backlog }) => {
        const into = backlog ? told.backlog : told.events
        for (const event of events) into.push(event)
      },
      running: () => void told.runs++,
      suspended: (_source, why, retryMs) => void told.suspensions.push({ why, retryMs }),
      lost: (_source, lines, why) => void told.losses.push({ lines, why }),
      note: (_source, text) => void told.notes.push(text),
    },
  })
  return Object.assign(told, { live })
}

/** The ports that packets went to, in reading order. */
export function ports(events: readonly ConnectionEvent[]): number[] {
  return events.flatMap((event) => (event.kind === 'packet' && event.dport !== undefined ? [event.dport] : []))
}
