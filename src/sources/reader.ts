import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { machineClocks, readBootId } from '../clocks.ts'
import type { SourceConfig } from '../config/config.ts'
import type { DriverHost } from './driver.ts'
import { driverFor } from './drivers.ts'
import type { ReaderMessage } from './reader-stream.ts'
import { dialectOf } from './source-dialect.ts'
import type { Position } from './source.ts'
import { supervise } from './supervise.ts'

/** How soon it is noticed that nobody listens any more. */
const HEARTBEAT_MS = 2000

/**
 * The part of a source that needs rights, in a process of its own: it reads lines, understands nothing of them, and writes them on.
 * Resolves with the exit code when nobody reads its output any more or there is nothing left to read. Never rejects.
 */
export async function runReader(config: SourceConfig, position: Position, output: Writable): Promise<number> {
  const stopping = new AbortController()
  const stop = (): void => stopping.abort()
  output.on('error', stop).on('close', stop)
  const heartbeat = setInterval(() => output.write('\n'), HEARTBEAT_MS)
  const say = (message: ReaderMessage): boolean => output.write(`${JSON.stringify(message)}\n`)
  const suspended = (why: string, retryMs: number | undefined): void => void say({ say: 'suspended', why, retryMs })
  const dialect = dialectOf(config, undefined)
  if ('why' in dialect) suspended(dialect.why, undefined)
  else {
    const clocks = machineClocks()
    const driver = driverFor(config, { clocks, bootId: readBootId(clocks), position, dialect })
    const { signal } = stopping
    const host: DriverHost = {
      signal,
      running: () => void say({ say: 'running' }),
      lines: async (batch) => {
        const isRoomLeft = say({ say: 'lines', batch })
        // The driver counts them as handed on when this has resolved.
        setImmediate(() => say({ say: 'position', position: driver.position() }))
        if (!isRoomLeft && !signal.aborted) await once(output, 'drain', { signal }).catch(() => {})
      },
      // Only whoever decides knows them.
      knockCount: () => 0,
      lost: (lines, why) => void say({ say: 'lost', lines, why }),
      note: (text) => void say({ say: 'note', text }),
      writtenAfter: (time, stamp) => void say({ say: 'written-after', time, stamp }),
    }
    await supervise(() => driver.run(host), { signal, suspended, restarting: () => void say({ say: 'restarting' }) })
  }
  clearInterval(heartbeat)
  return 0
}
