import { basename, dirname } from 'node:path'
import { watch } from 'chokidar'

/** Looks follow each other no faster: a busy log is read in larger pieces. */
const PAUSE_MS = 5
/** What no event tells is found so. */
const TICK_MS = 250

/** What makes a follower look. */
export interface Wake {
  /** Resolves when it is time to look again. */
  readonly next: (signal: AbortSignal) => Promise<void>
  readonly close: () => Promise<void>
}

/**
 * Wakes on every tick, and earlier when something happened to the log or a file named like it. Events only wake: chokidar's own are
 * throttled without a last one, and none comes for a link that was changed.
 */
export function wakeFor(path: string): Wake {
  // They would make a poller of it.
  delete process.env['CHOKIDAR_USEPOLLING']
  delete process.env['CHOKIDAR_INTERVAL']
  const log = basename(path)
  const watcher = watch(dirname(path), {
    depth: 0, ignoreInitial: true, atomic: false, ignored: (file, stats) => stats?.isFile() === true && basename(file) !== log,
  })
  let isDue = false
  let wake: () => void = () => {}
  const alarm = (): void => {
    isDue = true
    wake()
  }
  watcher.on('raw', (_event, name) => {
    if (typeof name !== 'string' || basename(name).startsWith(log)) alarm()
  })
  // The tick goes on without it.
  watcher.on('error', () => {})
  const next = async (signal: AbortSignal): Promise<void> => {
    await waitFor(PAUSE_MS, signal, () => {})
    if (!isDue) await waitFor(TICK_MS - PAUSE_MS, signal, (resolve) => { wake = resolve })
    wake = () => {}
    isDue = false
  }
  return { next, close: () => watcher.close() }
}

async function waitFor(ms: number, signal: AbortSignal, arm: (resolve: () => void) => void): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
    arm(done)
  })
}
