import { realpathSync, watch, type FSWatcher } from 'node:fs'
import { basename, dirname } from 'node:path'

/** Looks follow each other no faster: a busy log is read in larger pieces. */
const PAUSE_MS = 5
/** What no event tells is found so. */
const TICK_MS = 250
/** What cannot be watched now is tried again so many ticks later. */
const REWATCH_TICKS = 20

/** What makes a follower look. */
export interface Wake {
  /** Resolves when it is time to look again. */
  readonly next: (signal: AbortSignal) => Promise<void>
  readonly close: () => void
}

/**
 * Wakes on every tick, and earlier when something happened in the log's folder to a file named like it. Events only wake, and may be
 * missing. Node's own watch, since chokidar 5 lists the whole folder for each event: a busy log costs it a core.
 */
export function wakeFor(path: string): Wake {
  const watchers = new Map<string, FSWatcher>()
  let isDue = false
  let waits = 0
  let wake: () => void = () => {}
  const alarm = (): void => {
    isDue = true
    wake()
  }
  const drop = (file: string): void => {
    watchers.get(file)?.close()
    watchers.delete(file)
  }
  const watchAll = (): void => {
    const wanted = namesOf(path)
    for (const file of watchers.keys()) if (!wanted.includes(file)) drop(file)
    for (const file of wanted) if (!watchers.has(file)) watchFolder(file, watchers, alarm, drop)
  }
  const next = async (signal: AbortSignal): Promise<void> => {
    if (waits++ % REWATCH_TICKS === 0) watchAll()
    await waitFor(PAUSE_MS, signal, () => {})
    if (!isDue) await waitFor(TICK_MS - PAUSE_MS, signal, (resolve) => { wake = resolve })
    wake = () => {}
    isDue = false
  }
  return { next, close: () => [...watchers.keys()].forEach(drop) }
}

/** The log, and what it is where it is a link: writes are told of there. */
function namesOf(path: string): string[] {
  try {
    return [...new Set([path, realpathSync(path)])]
  } catch {
    return [path]
  }
}

function watchFolder(file: string, watchers: Map<string, FSWatcher>, alarm: () => void, drop: (file: string) => void): void {
  const log = basename(file)
  try {
    const watcher = watch(dirname(file), { persistent: false }, (_event, name) => {
      if (name === null || name.startsWith(log)) alarm()
    })
    watchers.set(file, watcher.on('error', () => drop(file)))
  } catch {
    // No such folder, or too many watches: the tick goes on.
  }
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
