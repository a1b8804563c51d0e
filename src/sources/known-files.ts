import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { printable } from '../printable.ts'
import type { FileFacts } from './file-facts.ts'
import { HEAD_BYTES } from './file-place.ts'
import { headOf, type Generation } from './generation.ts'
import { beginAlike, byAge, siblingHead, siblingsOf, type Sibling } from './siblings.ts'

/** Of so many files that were read it is remembered how they began. */
const MOST_HEADS = 32

/** A sibling that was never read, and how it begins. */
export interface Unseen extends Sibling {
  readonly head: Buffer
}

export interface Present {
  readonly head: Buffer
  readonly size: number
}

/** Which of the files beside a log were read, or are history. */
export class KnownFiles {
  readonly #path: string
  readonly #note: (text: string) => void
  /** Keys, and how far each was read. */
  readonly #offsets = new Map<string, number>()
  /** When they were written last, to the second: a compressed file has the time of what it was made from. */
  readonly #writtenSeconds = new Set<bigint>()
  #read: Present[] = []
  /** When the youngest of them was begun. */
  #youngestNs = 0n
  #listed = new Set<string>()
  /** When the folder was changed last, and whether something in it may be a copy that is being made. */
  #folder: bigint | undefined
  #isSuspect = false

  constructor(path: string, note: (text: string) => void) {
    this.#path = path
    this.#note = note
  }

  /** What is there at the start. */
  addAll(siblings: readonly Sibling[], own: string | undefined): void {
    for (const sibling of siblings) if (sibling.key !== own) this.#addFacts(sibling, sibling.size)
  }

  add(generation: Generation): void {
    this.#addFacts(generation.facts(), generation.offset)
    this.#read = [{ head: generation.head, size: generation.offset }, ...this.#read].slice(0, MOST_HEADS)
  }

  /** Where to go on in a file that is the log now. */
  offsetOf({ key, size }: FileFacts): number {
    const offset = this.#offsets.get(key) ?? 0
    return offset <= size ? offset : 0
  }

  /**
   * Whether the log was truncated and written again so that its few first bytes look the same: only while it is short, and only a
   * copy that cannot be one of what is there now tells.
   */
  mayHideCopy(log: Generation, open: readonly Generation[]): boolean {
    if (log.head.length >= HEAD_BYTES) return false
    return this.unseenBut(log, open).some(({ head, isRotated }) => (log.head.length === 0 ? isRotated : beginAlike(head, log.head)))
  }

  /** Of a log that is or may be truncated. */
  unseenBut(log: Generation, open: readonly Generation[]): Unseen[] {
    const present = { head: headOf(log.fd), size: log.facts().size }
    return this.unseen(open.filter((other) => other !== log), present).filter(({ key }) => key !== log.key)
  }

  /** Those never read, the oldest first. A copy of what the log holds now is none of them: it is being made. */
  unseen(open: readonly Generation[], present: Present): Unseen[] {
    const siblings = siblingsOf(this.#path)
    this.#forgetAllBut(siblings)
    this.#isSuspect = false
    const read = [...this.#read, ...open.map((generation) => ({ head: generation.head, size: generation.facts().size }))]
    return siblings.filter(({ key, size }) => size > 0 && !this.#offsets.has(key) && !open.some((other) => other.key === key))
      .toSorted(byAge)
      .flatMap((sibling) => (sibling.isCompressed ? this.#tellCompressed(sibling, open) : this.#look(sibling, read, present)))
  }

  #look(sibling: Sibling, read: readonly Present[], present: Present): Unseen[] {
    const head = siblingHead(sibling)
    const isCopyOf = (other: Present): boolean => beginAlike(other.head, head) && sibling.size <= other.size
    const isBeingMade = isCopyOf(present)
    this.#isSuspect ||= isBeingMade
    return isBeingMade || read.some(isCopyOf) ? [] : [{ ...sibling, head }]
  }

  get youngestNs(): bigint {
    return this.#youngestNs
  }

  /** It is being read. */
  begun({ begunNs }: Pick<FileFacts, 'begunNs'>): void {
    if (begunNs > this.#youngestNs) this.#youngestNs = begunNs
  }

  #addFacts({ key, begunNs, modifiedNs }: FileFacts, offset: number): void {
    this.begun({ begunNs })
    this.#offsets.set(key, offset)
    this.#writtenSeconds.add(secondOf({ modifiedNs }))
  }

  /** Rotation removes what is too old, and its inode may be given to another. What is being renamed may be missed once. */
  #forgetAllBut(siblings: readonly Sibling[]): void {
    const listed = new Set(siblings.map(({ key }) => key))
    for (const key of this.#offsets.keys()) if (!listed.has(key) && !this.#listed.has(key)) this.#offsets.delete(key)
    this.#listed = listed
  }

  #tellCompressed(sibling: Sibling, open: readonly Generation[]): [] {
    const second = secondOf(sibling)
    const isKnown = this.#writtenSeconds.has(second) || open.some((generation) => secondOf(generation.facts()) === second)
    this.#addFacts(sibling, sibling.size)
    if (sibling.isRotated && !isKnown) this.#note(`${printable(sibling.path)} was compressed before it could be read: lines are missing`)
    return []
  }

  /** Since it was asked last, or something in it was being made then. */
  hasFolderChanged(): boolean {
    const changed = statSync(dirname(this.#path), { bigint: true, throwIfNoEntry: false })?.mtimeNs
    if (changed === this.#folder && !this.#isSuspect) return false
    this.#folder = changed
    return true
  }
}

function secondOf({ modifiedNs }: Pick<FileFacts, 'modifiedNs'>): bigint {
  return modifiedNs / 1_000_000_000n
}

/** The copy that was made before the truncation: of copies of the same the longest, since that was made last. */
export function copyAmong(unseen: readonly Unseen[], head: Buffer): Unseen | undefined {
  const first = unseen.find((sibling) => beginAlike(sibling.head, head))
  const alike = unseen.filter((sibling) => first && beginAlike(sibling.head, first.head))
  return alike.toSorted((one, other) => other.size - one.size)[0]
}
