import type { Readable } from 'node:stream'
import type { Network } from '../../parsers/network.ts'
import type { Dialect } from '../../parsers/parser.ts'
import type { Clocks } from '../clocks.ts'
import type { SourceConfig } from '../config/config.ts'
import type { DriverHost } from './driver.ts'
import { driverFor } from './drivers.ts'
import type { KmsgDescriptors } from './kmsg.ts'
import { readKmsgPosition } from './kmsg-tracker.ts'
import { LiveClock } from './live-clock.ts'
import { LiveReader } from './live-reader.ts'
import { collectLosses } from './losses.ts'
import { readFrom } from './reader-stream.ts'
import { dialectOf, parseContextOf, zoneOf } from './source-dialect.ts'
import type { LiveSource, Position, SourceEvents, SourceStats } from './source.ts'
import { supervise } from './supervise.ts'

/** What a source may read only because it was opened, or started, while there was the right to. */
export interface Rights {
  readonly kmsg?: KmsgDescriptors | undefined
  /** The output of a process that does the reading: see `runReader`. */
  readonly reader?: Readable | undefined
}

export interface FollowContext {
  readonly clocks: Clocks
  readonly bootId: string
  /** Where the process before this one left it. Anyone may have written it: what does not fit is ignored. */
  readonly position: Position
  readonly events: SourceEvents
  /** Whose X-Forwarded-For counts, at that time. */
  readonly proxies: () => readonly Network[]
  readonly knockCount: DriverHost['knockCount']
  readonly rights?: Rights | undefined
  /** Instead of the one that the configuration names. */
  readonly dialect?: Dialect | undefined
}

/** Follows a source until it is stopped. Never throws. */
export function followSource(config: SourceConfig, context: FollowContext): LiveSource {
  const stats: SourceStats = { lines: 0, events: 0, lost: 0, bytes: 0, reasons: new Map(), restarts: 0, heard: undefined }
  const dialect = dialectOf(config, context.dialect)
  if ('why' in dialect) {
    // Whoever starts it knows it before it is told of.
    queueMicrotask(() => context.events.suspended(config.name, dialect.why, undefined))
    return { name: config.name, stats, position: () => context.position, stop: () => Promise.resolve() }
  }
  return follow(config, context, dialect, stats)
}

function follow(config: SourceConfig, context: FollowContext, dialect: Dialect, stats: SourceStats): LiveSource {
  const { name } = config
  const { clocks, bootId, position, events, rights, knockCount } = context
  const stopping = new AbortController()
  const { signal } = stopping
  const reader = new LiveReader({ source: name, dialect, parse: parseContextOf(config), proxies: context.proxies, clocks, newClock: () => newClock(config, context), stats })
  const losses = collectLosses((lines, why) => events.lost(name, lines, why))
  const host: DriverHost = {
    signal,
    running: () => events.running(name),
    lines: async (batch) => events.events(reader.read(batch)),
    knockCount,
    lost: (lines, why) => {
      stats.lost += lines
      losses.add(lines, why)
    },
    note: (text) => events.note(name, text),
    writtenAfter: (time, stamp) => reader.clock.writtenAfter(time, stamp),
  }
  const suspended = (why: string, retryMs: number | undefined): void => events.suspended(name, why, retryMs)
  const restarting = (): void => {
    stats.restarts++
    reader.restart()
  }
  const driver = rights?.reader ? readFrom(rights.reader, position, { suspended, restarting }) : driverFor(config, { clocks, bootId, position, dialect, kmsg: rights?.kmsg })
  const work = Promise.resolve().then(() => supervise(() => driver.run(host), { signal, suspended, restarting }))
  return {
    name, stats,
    position: () => withDelta(driver.position(), reader.clock),
    stop: async () => {
      stopping.abort()
      await work
      losses.end()
    },
  }
}

function newClock(config: SourceConfig, { clocks, bootId, position }: FollowContext): LiveClock {
  const saved = config.follow.kind === 'kmsg' ? readKmsgPosition(position, bootId) : undefined
  return new LiveClock(zoneOf(config), saved && { delta: saved.delta, at: clocks.monotonic() })
}

/** What the clock learnt of the kernel's stamps is of use to the next process. */
function withDelta(position: Position, { delta }: LiveClock): Position {
  return position === undefined || delta === undefined ? position : { ...position, delta }
}
