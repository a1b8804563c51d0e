import { lstat, readlink, rename, rm, symlink } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'

/** A lock is held for some milliseconds. */
const WAIT_MS = 5000
const STEP_MS = 20

/** So old a lock is nobody's any more, whichever process has that number now. */
const STALE_MS = 60_000

/**
 * Runs with a lock against other processes of Knocktail: Node has no flock(2). A lock whose process is dead is taken over.
 * Answers why it cannot be had.
 */
export async function withLock(path: string, work: () => Promise<string | undefined>): Promise<string | undefined> {
  const deadline = performance.now() + WAIT_MS
  while (!(await take(path))) {
    if (performance.now() > deadline) return `${path} did not become free in time; if no knocktail is at work, remove it`
    await breakStale(path)
    await pause(STEP_MS)
  }
  try {
    return await work()
  } finally {
    for (const left of [asideOf(path), path]) await rm(left, { force: true })
  }
}

/** One name for all: whatever is left of a lock when we are killed, the next one takes it away. */
function asideOf(path: string): string {
  return `${path}-stale`
}

/** A symbolic link that leads nowhere: it is there with the process's number, or not at all, whenever we are killed. */
async function take(path: string): Promise<boolean> {
  return makeLock(path, String(process.pid))
}

async function makeLock(path: string, holder: string): Promise<boolean> {
  try {
    await symlink(holder, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** By a rename, so that of two that find it stale only one takes it away; and put back, if meanwhile it had become another's. */
async function breakStale(path: string): Promise<void> {
  if (!(await isStale(path))) return
  const aside = asideOf(path)
  try {
    await rename(path, aside)
    if (!(await isStale(aside))) await makeLock(path, await readlink(aside))
    await rm(aside, { force: true })
  } catch {
    // Somebody else was quicker.
  }
}

async function isStale(path: string): Promise<boolean> {
  try {
    const ageMs = Date.now() - (await lstat(path)).mtimeMs
    return ageMs > STALE_MS || !isAlive(Number(await readlink(path)))
  } catch {
    return false
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
