import { createReadStream, openSync } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import type { Micros } from '../../parsers/time.ts'
import { KnocktailError, reasonOf } from '../error.ts'
import { printable } from '../printable.ts'
import { gunzipped, isGzip } from './gunzip.ts'

const CHUNK_BYTES = 1 << 18

/** A log to be read from its start to its end. */
export interface LogFile {
  readonly path: string
  /** What messages call it. */
  readonly title: string
  /** On disk; undefined for a pipe or a device, which can be read only once. */
  readonly bytes: number | undefined
  /** When it was last written. */
  readonly written: Micros
  /** Its text in chunks, decompressed; throws a KnocktailError if it cannot be read to its end. */
  readonly chunks: (onRead?: (bytes: number) => void) => AsyncGenerator<Buffer>
  /** Its end, beginning anywhere in a line. Empty for what can be read only once. */
  readonly tail: () => AsyncGenerator<Buffer>
  /** Undefined for what can be read only from its start to its end. */
  readonly parts?: FileParts | undefined
}

/** A file of which any part can be read. */
export interface FileParts {
  readonly bytes: number
  /** Answers a descriptor; whoever asks for it closes it. Throws a KnocktailError. */
  readonly open: () => number
  /** What people are told when it could not be read. */
  readonly unreadable: (error: unknown) => KnocktailError
}

/** Opens a log by path, `-` for standard input. Throws a KnocktailError `unreadable`. */
export async function openLogFile(path: string): Promise<LogFile> {
  const title = path === '-' ? 'standard input' : printable(path)
  const { bytes, written, compressed } = path === '-' ? standardInput() : await inspect(path, title)
  const chunks = (onRead?: (bytes: number) => void): AsyncGenerator<Buffer> => {
    const file = path === '-' ? process.stdin : createReadStream(path, { highWaterMark: CHUNK_BYTES })
    return readable(title, gunzipped(counted(file, onRead)))
  }
  const tail = (): AsyncGenerator<Buffer> => {
    if (bytes === undefined) return lastOf(noChunks())
    return lastOf(compressed ? chunks() : counted(createReadStream(path, { start: Math.max(0, bytes - CHUNK_BYTES) })))
  }
  const parts = bytes === undefined || compressed ? undefined : fileParts(path, title, bytes)
  return { path, title, bytes, written, chunks, tail, parts }
}

function fileParts(path: string, title: string, bytes: number): FileParts {
  const opened = (): number => {
    try {
      return openSync(path, 'r')
    } catch (error) {
      throw unreadable(title, error)
    }
  }
  return { bytes, open: opened, unreadable: (error) => unreadable(title, error) }
}

interface Facts { readonly bytes: number | undefined; readonly written: Micros; readonly compressed: boolean }

function standardInput(): Facts {
  return { bytes: undefined, written: (Date.now() * 1000) as Micros, compressed: false }
}

/** What tells one kind of file from another: a device or a pipe may be a log too, and is opened only once. */
async function inspect(path: string, title: string): Promise<Facts> {
  try {
    const found = await stat(path)
    if (found.isDirectory()) throw new KnocktailError('unreadable', `${title} ${PROBLEMS['EISDIR']}`)
    const written = Math.floor(found.mtimeMs * 1000) as Micros
    return found.isFile() ? { bytes: found.size, written, compressed: await isCompressed(path) } : { bytes: undefined, written, compressed: false }
  } catch (error) {
    throw unreadable(title, error)
  }
}

async function isCompressed(path: string): Promise<boolean> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0)
    return isGzip(buffer.subarray(0, bytesRead))
  } finally {
    await file.close()
  }
}

async function* noChunks(): AsyncGenerator<Buffer> {}

async function* counted(file: Readable, onRead?: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of file) {
    onRead?.((chunk as Buffer).length)
    yield chunk as Buffer
  }
}

/** The last two chunks, as far as they can be read. */
async function* lastOf(chunks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  let last: Buffer[] = []
  try {
    for await (const chunk of chunks) last = [...last.slice(-1), chunk]
  } catch {
    // Whoever reads all of it will tell why it ends there.
  }
  yield* last
}

async function* readable(title: string, chunks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* chunks
  } catch (error) {
    throw unreadable(title, error)
  }
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'may not be read by this user',
  EPERM: 'may not be read by this user',
  EISDIR: 'is a directory: name the log file in it',
  Z_BUF_ERROR: 'is cut short: the gzip data ends before its end',
  Z_DATA_ERROR: 'is damaged: the gzip data cannot be decompressed',
}

function unreadable(title: string, error: unknown): KnocktailError {
  if (error instanceof KnocktailError) return error
  const { code = '' } = error as NodeJS.ErrnoException
  return new KnocktailError('unreadable', `${title} ${PROBLEMS[code] ?? `cannot be read: ${reasonOf(error)}`}`)
}
