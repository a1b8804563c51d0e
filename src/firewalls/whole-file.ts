import { constants } from 'node:fs'
import { link, lstat, open, readFile as readBytes, realpath, rename, unlink, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { reasonOf } from '../error.ts'
import { withLock } from './whole-file-lock.ts'
import { whyFailed } from './outcome.ts'
import type { Tools } from './tools.ts'

/** So often somebody else may change the file between our reading and our replacing it. */
const TRIES = 5
const ACL_LIMIT_MS = 10_000

/** Why it could not be done, in words; undefined: it was done. */
export type Problem = string | undefined

export interface Replacing {
  readonly tools: Tools
  /** Whether the version before our first change is kept beside it. */
  readonly backup: boolean
}

/** What is read: the file at the end of all links. */
interface Read {
  readonly path: string
  readonly text: string
  readonly identity: string
}

/**
 * Replaces a file as a whole, so that nobody ever reads half of it: what a full disk, a crash or an editor at the same time leave
 * is the one version or the other. Mode, owner, group, ACL and the links to it stay. `edit` answers the new text, one
 * character a byte; undefined: nothing is to be changed. It is asked anew where somebody else was quicker.
 */
export async function replaceText(file: string, edit: (text: string) => string | undefined, how: Replacing): Promise<Problem> {
  try {
    return await withLock(`${await targetOf(file)}.knocktail-lock`, async () => {
      for (let attempt = 0; attempt < TRIES; attempt++) {
        const read = await readFile(file)
        const text = edit(read.text)
        if (text === undefined || text === read.text) return undefined
        const problem = await replace(file, read, text, how)
        if (problem !== 'changed') return problem
      }
      return `${file} is being changed by somebody else`
    })
  } catch (error) {
    return `${file} cannot be changed: ${reasonOf(error)}`
  }
}

/** The text of a file that may be missing, one character a byte. */
export async function readText(file: string): Promise<string> {
  return (await readFile(file)).text
}

async function targetOf(file: string): Promise<string> {
  return realpath(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return file
    throw error
  })
}

async function readFile(file: string): Promise<Read> {
  const path = await targetOf(file)
  // First, so that a change while it is read shows later.
  const identity = await identityOf(path)
  return { path, identity, text: identity === MISSING ? '' : await readBytes(path, 'latin1') }
}

const MISSING = 'missing'

/** Changes whenever the file is changed or replaced. */
async function identityOf(path: string): Promise<string> {
  const stat = await lstat(path, { bigint: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  return stat ? [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join() : MISSING
}

/** `changed`: somebody else was quicker, and nothing was done. */
async function replace(file: string, read: Read, text: string, { tools, backup }: Replacing): Promise<Problem | 'changed'> {
  const isNew = read.identity === MISSING
  const fresh = `${read.path}.knocktail-new`
  try {
    if (backup && !isNew) await keepBackup(read, tools)
    const problem = await writeLike(fresh, text, isNew ? undefined : read.path, tools)
    if (problem !== undefined) return problem
    // Between this look and the rename nobody can be kept from writing: editors take no locks.
    if (await isChanged(file, read)) return 'changed'
    await rename(fresh, read.path)
    await syncFolder(dirname(read.path))
    return undefined
  } finally {
    await unlink(fresh).catch(() => {})
  }
}

/** By its text too: two writes within one tick of the file system's clock leave the same stamp. */
async function isChanged(file: string, { path, text, identity }: Read): Promise<boolean> {
  if ((await targetOf(file)) !== path) return true
  if (identity !== MISSING && (await readBytes(path, 'latin1')) !== text) return true
  return (await identityOf(path)) !== identity
}

/** The version before our first change stays beside it. */
async function keepBackup({ path, text }: Read, tools: Tools): Promise<void> {
  const backup = `${path}.knocktail-backup`
  if ((await identityOf(backup)) !== MISSING) return
  const fresh = `${backup}-new`
  try {
    const problem = await writeLike(fresh, text, path, tools)
    if (problem !== undefined) throw new Error(problem)
    await link(fresh, backup)
  } finally {
    await unlink(fresh).catch(() => {})
  }
}

/** A new file with that text, on disk, and with the rights of another one. What a crash left there before is taken away. */
async function writeLike(path: string, text: string, model: string | undefined, tools: Tools): Promise<Problem> {
  await unlink(path).catch(() => {})
  const handle = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
  try {
    const problem = model === undefined ? await handle.chmod(0o644) : await copyRights(model, path, handle, tools)
    if (problem !== undefined) return problem
    await handle.writeFile(text, 'latin1')
    await handle.sync()
    return undefined
  } finally {
    await handle.close()
  }
}

/** Mode, owner, group, and the ACL where there is one. */
async function copyRights(model: string, path: string, handle: FileHandle, { run, find }: Tools): Promise<Problem> {
  const { mode, uid, gid } = await lstat(model)
  await handle.chown(uid, gid)
  await handle.chmod(mode & 0o7777)
  const [getfacl, setfacl] = [find('getfacl'), find('setfacl')]
  if (getfacl === undefined || setfacl === undefined) return undefined
  const limit = { timeLimitMs: ACL_LIMIT_MS, onTimeLimit: 'group' } as const
  // It prints nothing where there is no more than the mode says.
  const got = await run({ program: getfacl, args: ['--absolute-names', '--omit-header', '--skip-base', model], ...limit })
  if (got.code !== 0 || got.timedOut) return whyFailed('getfacl', got)
  if (got.stdout.trim() === '') return undefined
  const set = await run({ program: setfacl, args: ['--set-file=-', path], input: got.stdout, ...limit })
  return set.code !== 0 || set.timedOut ? whyFailed('setfacl', set) : undefined
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
