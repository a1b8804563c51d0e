import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open, rename, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Two files of space that was taken beforehand, written in turn: a write that is cut short leaves the other one, and a full disk
 * refuses nothing. Each holds a header line (magic, number of the write, length of the text, SHA-256 of all three), padded to
 * `HEADER_BYTES`, and the text. The number is in the checksum, since half a new header must not make an old text look new.
 */
const MAGIC = 'knocktail-ledger 1'
const HEADER_BYTES = 128
const HEADER = /^knocktail-ledger 1 (\d{1,15}) (\d{1,10}) ([0-9a-f]{64}) *\n$/
/** Room for some hundred grants; more is taken in steps as it is needed. */
const FIRST_BYTES = 1 << 17

/** More than any ledger: what is larger is none. */
const MOST_BYTES = 1 << 26
/** The folder may belong to somebody with fewer rights: what he put there must lead nowhere, and hold nobody up. */
const PLAINLY = constants.O_NOFOLLOW | constants.O_NONBLOCK

/** What a slot held: a text and the number of its write, nothing yet, ours but not whole, or somebody else's. */
type SlotContent = { readonly kind: 'text'; readonly number: number; readonly text: string } | { readonly kind: 'empty' | 'torn' | 'foreign' }

export interface SlotsRead {
  /** The newest text that is whole; undefined if there is none. */
  readonly text: string | undefined
  /** Paths under which damaged or foreign files are kept. A torn write beside a whole one is a crash, not damage. */
  readonly keptAside: readonly string[]
}

export class Slots {
  readonly #paths: readonly [string, string]
  readonly #isOurs: (text: string) => boolean
  readonly #files: FileHandle[] = []
  readonly #bytes = [0, 0]
  #number = 0

  /** A text that `isOurs` refuses is somebody else's, however whole it is. */
  constructor(path: string, isOurs: (text: string) => boolean) {
    this.#paths = [`${path}.a`, `${path}.b`]
    this.#isOurs = isOurs
  }

  /** Reads both, keeps aside what is no ledger, and takes the space. Throws as fs does. */
  async open(): Promise<SlotsRead> {
    const contents = await Promise.all(this.#paths.map((path) => readSlot(path, this.#isOurs)))
    const whole = contents.filter((content) => content.kind === 'text').toSorted((a, b) => b.number - a.number)[0]
    const keptAside: string[] = []
    for (const [index, { kind }] of contents.entries()) {
      if (kind === 'foreign' || (kind === 'torn' && !whole)) keptAside.push(await keepAside(this.#paths[index]!))
    }
    this.#number = whole?.number ?? 0
    for (const path of this.#paths) this.#files.push(await openOrCreate(path))
    for (const index of [0, 1]) await this.#reserve(index, FIRST_BYTES)
    await syncFolder(this.#paths[0])
    return { text: whole?.text, keptAside }
  }

  /** Replaces the older slot; resolved, it is on disk. Rejects as fs does; the newer slot is left as it is. */
  async write(text: string): Promise<void> {
    const number = this.#number + 1
    const body = Buffer.from(text)
    const header = `${MAGIC} ${number} ${body.length} ${digest(number, body)}`.padEnd(HEADER_BYTES - 1) + '\n'
    const bytes = Buffer.concat([Buffer.from(header), body])
    const index = number % 2
    await this.#reserve(index, bytes.length)
    if ((await this.#files[index]!.stat()).nlink === 0) throw new Error('its file was removed')
    await writeWhole(this.#files[index]!, bytes)
    await this.#files[index]!.datasync()
    this.#number = number
  }

  async close(): Promise<void> {
    for (const file of this.#files.splice(0)) await file.close()
  }

  async #reserve(index: number, wanted: number): Promise<void> {
    const file = this.#files[index]!
    const size = this.#bytes[index] || (await file.stat()).size
    const bytes = 2 ** Math.ceil(Math.log2(Math.max(wanted, FIRST_BYTES)))
    if (size < bytes) {
      // Zeros are written, since a hole takes no space.
      await file.write(Buffer.alloc(bytes - size), 0, bytes - size, size)
      await file.sync()
    }
    this.#bytes[index] = Math.max(size, bytes)
  }
}

async function readSlot(path: string, isOurs: (text: string) => boolean): Promise<SlotContent> {
  const bytes = await readPlain(path)
  if (bytes === 'missing') return { kind: 'empty' }
  if (bytes === 'no file') return { kind: 'foreign' }
  if (bytes.every((byte) => byte === 0)) return { kind: 'empty' }
  const [, number, length, hash] = HEADER.exec(bytes.toString('latin1', 0, HEADER_BYTES)) ?? []
  const body = bytes.subarray(HEADER_BYTES, HEADER_BYTES + Number(length))
  if (hash !== undefined && digest(Number(number), body) === hash) {
    const text = body.toString()
    return isOurs(text) ? { kind: 'text', number: Number(number), text } : { kind: 'foreign' }
  }
  // The first write of all may have been cut within the magic.
  return { kind: MAGIC.startsWith(bytes.toString('latin1', 0, MAGIC.length).replace(/\0+$/, '')) ? 'torn' : 'foreign' }
}

async function readPlain(path: string): Promise<Buffer | 'missing' | 'no file'> {
  let file: FileHandle | undefined
  try {
    file = await open(path, constants.O_RDONLY | PLAINLY)
    const found = await file.stat()
    return found.isFile() && found.nlink === 1 && found.size <= MOST_BYTES ? await file.readFile() : 'no file'
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return 'missing'
    if (code === 'ELOOP' || code === 'ENXIO') return 'no file'
    throw error
  } finally {
    await file?.close()
  }
}

/** Under a name of its own, for somebody to look at. */
async function keepAside(path: string): Promise<string> {
  const kept = `${path}.damaged-${new Date().toISOString().replaceAll(/[:.]/g, '')}`
  await rename(path, kept)
  return kept
}

async function openOrCreate(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDWR | PLAINLY)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return open(path, 'wx+', 0o600)
  }
}

async function writeWhole(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at, bytes.length - at, at)).bytesWritten
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r')
  await folder.sync().finally(() => folder.close())
}

function digest(number: number, body: Buffer): string {
  return createHash('sha256').update(`${number} ${body.length}\n`).update(body).digest('hex')
}
