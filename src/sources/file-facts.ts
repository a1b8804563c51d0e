import { closeSync, constants, fstatSync, lstatSync, openSync, statSync, type BigIntStats } from 'node:fs'

/** What tells one file from another and one state of it from the next. */
export interface FileFacts {
  /**
   * The same for the same file, whatever it is called: device, inode and, on Linux, birth time, since an inode's number is given
   * again once a file is gone. Elsewhere Node reports the time of the last change as that of birth.
   */
  readonly key: string
  readonly size: number
  readonly modifiedNs: bigint
  /** The best that is known of when it was begun. */
  readonly begunNs: bigint
}

const HAS_BIRTH = process.platform === 'linux'

export function factsOf({ dev, ino, birthtimeNs, mtimeNs, size }: BigIntStats): FileFacts {
  const birth = HAS_BIRTH && birthtimeNs > 0n ? birthtimeNs : undefined
  return { key: `${dev}:${ino}${birth === undefined ? '' : `:${birth}`}`, size: Number(size), modifiedNs: mtimeNs, begunNs: birth ?? mtimeNs }
}

export interface OpenedFile {
  readonly fd: number
  readonly facts: FileFacts
}

/** What a path may be instead of a file, in words. */
export type Unfit = 'missing' | { readonly why: string }

/** Opens a regular file for reading; anything else is not touched: to open a fifo takes until somebody writes. Throws as fs does. */
export function openRegular(path: string, noFollow = false): OpenedFile | Unfit {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY | (noFollow ? constants.O_NOFOLLOW : 0))
  } catch (error) {
    if (isMissing(error)) return 'missing'
    throw error
  }
  const stats = fstatSync(fd, { bigint: true })
  if (stats.isFile()) return { fd, facts: factsOf(stats) }
  closeSync(fd)
  return { why: `${stats.isDirectory() ? 'is a directory' : 'is no regular file'}: follow = file: wants the log file itself` }
}

export function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/** Whether that path leads to that file. */
export function leadsTo(path: string, key: string): boolean {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  return found !== undefined && factsOf(found).key === key
}

/** Facts of a regular file by its name, no link followed; undefined if it is none. */
export function regularFacts(path: string): FileFacts | undefined {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  return stats?.isFile() ? factsOf(stats) : undefined
}
