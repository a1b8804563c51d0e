import { closeSync, readdirSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { isMissing, openRegular, regularFacts, type FileFacts, type OpenedFile } from './file-facts.ts'
import { headOf } from './generation.ts'

/** A file beside the log whose name begins as the log's does: an earlier generation, a copy, or another log altogether. */
export interface Sibling extends FileFacts {
  readonly path: string
  /** Its name is one that rotation gives. */
  readonly isRotated: boolean
  readonly isCompressed: boolean
}

/** `.1`, `-20261120`, `-2026-11-20`, `.old`; what follows may be `.gz`. */
const ROTATED = /^[.\-_](?:\d[\d.\-_:T]*|old|bak|prev)$/
const COMPRESSED = /\.(?:gz|xz|bz2|zst|lz4|Z)$/
/** logrotate renames one after the other while we look. */
const MOST_LOOKS = 5

/** All regular files beside it, none of them twice, in no order. The log itself is not among them, unless it has another name too. */
export function siblingsOf(path: string): Sibling[] {
  let siblings = listSiblings(path)
  for (let looks = 1; looks < MOST_LOOKS; looks++) {
    const again = listSiblings(path)
    const same = again.length === siblings.length && again.every(({ key }, index) => key === siblings[index]!.key)
    siblings = again
    if (same) break
  }
  return [...new Map(siblings.map((sibling) => [sibling.key, sibling])).values()]
}

function listSiblings(path: string): Sibling[] {
  const folder = dirname(path)
  const log = basename(path)
  // With logrotate's `extension`, kern.log becomes kern-20261120.log.
  const stem = log.slice(0, log.length - extname(log).length)
  return readFolder(folder).filter((name) => name !== log && name.startsWith(stem)).flatMap((name) => {
    const facts = regularFacts(join(folder, name))
    const isCompressed = COMPRESSED.test(name)
    return facts ? [{ ...facts, path: join(folder, name), isCompressed, isRotated: isRotated(name.replace(COMPRESSED, ''), log, stem) }] : []
  })
}

function readFolder(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

function isRotated(name: string, log: string, stem: string): boolean {
  const extension = log.slice(stem.length)
  if (name.startsWith(log) && ROTATED.test(name.slice(log.length))) return true
  return extension !== '' && name.endsWith(extension) && ROTATED.test(name.slice(stem.length, name.length - extension.length))
}

/** What was written to last comes last. Within one tick of the kernel's coarse clock logrotate's numbers tell: the highest is the oldest. */
export function byAge(one: Sibling, other: Sibling): number {
  return compare(one.modifiedNs, other.modifiedNs) || numberOf(other) - numberOf(one) || compare(one.path, other.path)
}

function compare<Value extends bigint | string>(one: Value, other: Value): number {
  return one < other ? -1 : Number(one > other)
}

function numberOf({ path }: Sibling): number {
  return Number(/\.(\d{1,6})$/.exec(path)?.[1] ?? 0)
}

/** Opens what has that name now; undefined if it is gone or may not be read. */
export function openSibling({ path }: Sibling): OpenedFile | undefined {
  try {
    const opened = openRegular(path, true)
    return opened === 'missing' || 'why' in opened ? undefined : opened
  } catch {
    return undefined
  }
}

/** Its first bytes; none if it is gone. */
export function siblingHead(sibling: Sibling): Buffer {
  const opened = openSibling(sibling)
  if (opened === undefined) return Buffer.alloc(0)
  try {
    return opened.facts.key === sibling.key ? headOf(opened.fd) : Buffer.alloc(0)
  } finally {
    closeSync(opened.fd)
  }
}

/** Whether one begins as the other, as far as both go. Nothing is known of an empty one. */
export function beginAlike(one: Buffer, other: Buffer): boolean {
  const length = Math.min(one.length, other.length)
  return length > 0 && one.compare(other, 0, length, 0, length) === 0
}
