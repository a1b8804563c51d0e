import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { Micros } from '../../parsers/time.ts'
import { KnocktailError } from '../error.ts'
import { printable } from '../printable.ts'

const CHUNK_BYTES = 1 << 18

/** A log to be read from its start to its end. */
export interface LogFile {
  readonly path: string
  /** On disk; undefined for standard input. */
  readonly bytes: number | undefined
  /** When it was last written. */
  readonly written: Micros
  /** Its text in chunks, decompressed; throws a KnocktailError if it cannot be read to its end. */
  readonly chunks: (onRead?: (bytes: number) => void) => AsyncGenerator<Buffer>
  /** Its last chunk or all of it, beginning anywhere in a line. Empty for standard input. */
  readonly tail: () => AsyncGenerator<Buffer>
}

/** Opens a log by path, `-` for standard input. Throws a KnocktailError `unreadable`. */
export async function openLogFile(path: string): Promise<LogFile> {
  if (path === '-') return standardInput()
  const { bytes, written, magic } = await inspect(path)
  const compressed = magic === 0x1f8b
  const chunks = (onRead?: (bytes: number) => void): AsyncGenerator<Buffer> => {
    const file = createReadStream(path, { highWaterMark: CHUNK_BYTES })
    if (onRead) file.on('data', (chunk) => onRead(chunk.length))
    return readAll(path, compressed ? gunzip(file) : file)
  }
  const tail = (): AsyncGenerator<Buffer> =>
    compressed || bytes === undefined ? chunks() : readAll(path, createReadStream(path, { start: Math.max(0, bytes - CHUNK_BYTES) }))
  return { path, bytes, written, chunks, tail }
}

function standardInput(): LogFile {
  const written = (Date.now() * 1000) as Micros
  return { path: '-', bytes: undefined, written, chunks: () => readAll('-', process.stdin), tail: noChunks }
}

async function* noChunks(): AsyncGenerator<Buffer> {}

/** Reads what tells one kind of file from another: a device or a pipe may be a log too. */
async function inspect(path: string): Promise<{ bytes: number | undefined; written: Micros; magic: number }> {
  try {
    const file = await open(path, 'r')
    try {
      const stat = await file.stat()
      if (stat.isDirectory()) throw new KnocktailError('unreadable', `${printable(path)} is a directory: name the log file in it`)
      const head = Buffer.alloc(2)
      const { bytesRead } = stat.isFile() ? await file.read(head, 0, 2, 0) : { bytesRead: 0 }
      const magic = bytesRead === 2 ? head.readUInt16BE() : 0
      return { bytes: stat.isFile() ? stat.size : undefined, written: Math.floor(stat.mtimeMs * 1000) as Micros, magic }
    } finally {
      await file.close()
    }
  } catch (error) {
    throw unreadable(path, error)
  }
}

function gunzip(file: Readable): Readable {
  const gunzipped = createGunzip({ chunkSize: CHUNK_BYTES })
  file.on('error', (error) => gunzipped.destroy(error))
  return file.pipe(gunzipped)
}

async function* readAll(path: string, stream: Readable): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of stream) yield chunk as Buffer
  } catch (error) {
    throw unreadable(path, error)
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

function unreadable(path: string, error: unknown): KnocktailError {
  if (error instanceof KnocktailError) return error
  const { code = '', message } = error as NodeJS.ErrnoException
  return new KnocktailError('unreadable', `${printable(path)} ${PROBLEMS[code] ?? `cannot be read: ${message}`}`)
}
