import { constants } from 'node:fs'
import { open, readdir, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { KnocktailError, reasonOf } from '../error.ts'
import { printable } from '../printable.ts'
import { FileFollower } from '../sources/file-follower.ts'
import { wakeFor } from '../sources/wake.ts'
import type { Micros } from '../../parsers/time.ts'
import { HISTORY_FILE } from './history.ts'
import { parseRecord, type HistoryRecord } from './record.ts'

/**
 * All that is kept, the oldest first, of the file that is being written only the first `bytes`. `skipped` is told of lines that are no
 * records. Throws a KnocktailError.
 */
export async function* readHistory(stateDir: string, skipped: () => void, bytes = Number.POSITIVE_INFINITY): AsyncGenerator<HistoryRecord> {
  for (const name of await namesIn(stateDir)) {
    const most = name === HISTORY_FILE ? bytes : Number.POSITIVE_INFINITY
    const file = most > 0 ? await openPlain(join(stateDir, name)) : undefined
    if (!file) continue
    for await (const line of file.readLines({ encoding: 'utf8', end: most - 1 })) {
      const record = parseRecord(line)
      if (record) yield record
      else if (line !== '') skipped()
    }
  }
}

/** The history as it goes on. */
export interface FollowedHistory {
  /** So many bytes of the file that is being written were there before. */
  readonly past: number
  /** Hands on what comes, through rotations, until the signal. Throws as fs does. */
  readonly follow: (signal: AbortSignal, take: (record: HistoryRecord) => Promise<void>) => Promise<void>
}

export async function openToFollow(stateDir: string): Promise<FollowedHistory> {
  const path = join(stateDir, HISTORY_FILE)
  let take: (record: HistoryRecord) => Promise<void> = () => Promise.resolve()
  let isStopped = (): boolean => false
  const follower = new FileFollower(path, {
    now: () => (performance.now() * 1000) as Micros,
    isStopped: () => isStopped(),
    note: () => {},
    lines: async ({ lines }) => {
      const records = lines.flatMap((line) => parseRecord(Buffer.from(line, 'latin1').toString()) ?? [])
      for (const record of records) await take(record)
    },
  })
  await follower.start(undefined)
  const follow: FollowedHistory['follow'] = async (signal, receive) => {
    const wake = wakeFor(path)
    take = receive
    isStopped = () => signal.aborted
    while (!signal.aborted) {
      await follower.look()
      await wake.next(signal)
    }
    follower.close()
    wake.close()
  }
  return { past: follower.position().read.at(-1)?.offset ?? 0, follow }
}

async function namesIn(stateDir: string): Promise<string[]> {
  const names = await readdir(stateDir).catch((error: unknown) => {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    const why = isMissing ? 'there is no such folder: has the daemon run yet?' : `${reasonOf(error)}: it is for root and the group of the daemon`
    throw new KnocktailError('unreadable', `the history in ${printable(stateDir)} cannot be read: ${why}; -c FILE or --state-dir DIR says where it is`)
  })
  const ages = names.flatMap((name) => {
    const [found, age = '0'] = /^history\.jsonl(?:\.([1-9]\d{0,3}))?$/.exec(name) ?? []
    return found === undefined ? [] : [{ name, age: Number(age) }]
  })
  return ages.toSorted((a, b) => b.age - a.age).map(({ name }) => name)
}

/** The folder is the daemon's: whoever reads here may have more rights, and follows no link of its. */
async function openPlain(path: string): Promise<FileHandle | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    if ((await file.stat()).isFile()) return file
    await file.close()
    return undefined
  } catch (error) {
    // Put aside just now.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new KnocktailError('unreadable', `${printable(path)} cannot be read: ${reasonOf(error)}`)
  }
}
