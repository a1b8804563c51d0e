import { closeSync } from 'node:fs'
import type { Micros } from '../../parsers/time.ts'
import { printable } from '../printable.ts'
import { leadsTo, openRegular, type OpenedFile } from './file-facts.ts'
import type { FilePosition, Place } from './file-place.ts'
import { planStart, type StartPlan } from './file-start.ts'
import { Generation, lastLineStart, type Beginning, type Chunk } from './generation.ts'
import { copyAmong, KnownFiles, type Present, type Unseen } from './known-files.ts'
import { doneWith } from './old-generations.ts'
import { ResumePoints } from './position.ts'
import { beginAlike, openSibling, siblingsOf, type Sibling } from './siblings.ts'

export interface FollowerHost {
  /** Microseconds of a clock that nobody steps. */
  readonly now: () => Micros
  readonly isStopped: () => boolean
  /** Resolves when the lines were taken in. */
  readonly lines: (chunk: Chunk) => Promise<void>
  readonly note: (text: string) => void
}

/**
 * Follows one log through its generations, each by its descriptor. It moves only when it is told to look: nothing that happens between
 * two looks is taken for granted, and nothing of it is lost.
 */
export class FileFollower {
  readonly #path: string
  readonly #host: FollowerHost
  readonly #known: KnownFiles
  /** Those that are read, the oldest first. The last is the log itself, if it is there. Never changed, only replaced: it is walked through meanwhile. */
  #open: readonly Generation[] = []
  #current: Generation | undefined
  #points = new ResumePoints<Place>()

  constructor(path: string, host: FollowerHost) {
    this.#path = path
    this.#host = host
    this.#known = new KnownFiles(path, host.note)
  }

  /**
   * Without a position what is there is history; what was written since a position is backlog, unless we were here all the time
   * (`isRestart`). Answers why it cannot be followed. Throws as fs does.
   */
  async start(position: FilePosition | undefined, isRestart = false): Promise<string | undefined> {
    const opened = openRegular(this.#path)
    if (opened !== 'missing' && 'why' in opened) return opened.why
    const file = opened === 'missing' ? undefined : opened
    if (file === undefined) this.#host.note(`${printable(this.#path)} does not exist yet: waiting for it`)
    if (position === undefined) this.#startAtEnd(file)
    else await this.#startAt(planStart(this.#path, position, file, isRestart), file)
    return undefined
  }

  /** Reads what was written since the last look. Answers why it cannot be followed any more. Throws as fs does. */
  async look(): Promise<string | undefined> {
    const last = this.#current ?? this.#open.at(-1)
    if (last) this.#points.passed(this.#host.now(), () => last.place())
    const hasFolderChanged = this.#known.hasFolderChanged()
    for (const generation of this.#open) {
      if (hasFolderChanged && generation === this.#current && this.#known.mayHideCopy(generation, this.#open)) await this.#refill(generation)
      await this.#drain(generation)
    }
    const fault = await this.#checkPath(hasFolderChanged)
    for (const old of doneWith(this.#open, this.#host.now())) this.#drop(old)
    return fault
  }

  position(): FilePosition {
    return { read: this.#open.map((generation) => generation.place()), resume: this.#points.oldest, youngest: String(this.#known.youngestNs) }
  }

  close(): void {
    for (const generation of this.#open) generation.close()
    this.#open = []
    this.#current = undefined
  }

  #startAtEnd(file: OpenedFile | undefined): void {
    this.#known.addAll(siblingsOf(this.#path), file?.facts.key)
    if (file) this.#current = this.#add(file, { offset: lastLineStart(file) })
  }

  async #startAt(plan: StartPlan, file: OpenedFile | undefined): Promise<void> {
    if (plan.isLost) this.#host.note('the place where it was left is in none of the files that are there: lines written meanwhile may be missing')
    this.#known.addAll(plan.history, file?.facts.key)
    const now = this.#host.now()
    const { resume } = plan
    if (resume) this.#points.passed(now, () => resume)
    for (const { opened, beginning } of plan.files) {
      const generation = this.#add(opened, beginning)
      if (opened === file) this.#current = generation
      else generation.replacedAt = now
      await this.#drain(generation)
    }
  }

  #add(opened: OpenedFile, beginning: Beginning): Generation {
    const generation = new Generation(opened, beginning, this.#host.now())
    this.#known.begun(generation)
    const at = this.#current === undefined ? this.#open.length : this.#open.indexOf(this.#current)
    this.#open = this.#open.toSpliced(at, 0, generation)
    return generation
  }

  async #drain(generation: Generation): Promise<void> {
    while (!this.#host.isStopped()) {
      const read = generation.read(this.#host.now())
      if (read === 'end') return
      if (read !== 'truncated') {
        await this.#host.lines(read)
        generation.handedOn()
      } else if (generation === this.#current) await this.#refill(generation)
      else return this.#drop(generation)
    }
  }

  /** The log was truncated: what was not read of it is in the copy that was made before. */
  async #refill(generation: Generation): Promise<void> {
    const { offset, carry } = generation.place()
    const { head } = generation
    const unseen = this.#known.unseenBut(generation, this.#open)
    const copy = copyAmong(unseen, head)
    if (head.length > 0 && copy === undefined) this.#host.note(`${printable(this.#path)} was truncated, and no copy of it is there: lines may be missing`)
    generation.startAnew('')
    // Of a log that has another name now, what was written to later is no copy, and no line of it goes on there.
    const isNamed = leadsTo(this.#path, generation.key)
    const { modifiedNs } = generation.facts()
    const isBefore = (sibling: Unseen): boolean => sibling.isRotated && (isNamed || sibling.modifiedNs <= modifiedNs)
    const later = unseen.filter((sibling) => isBefore(sibling) && !(copy && beginAlike(sibling.head, copy.head)))
    const before = head.length === 0 ? carry : ''
    let torn = copy ? await this.#readMissed(copy, { offset: Math.min(offset, copy.size), carry }) : before
    const last = torn
    for (const sibling of later) torn = await this.#readMissed(sibling, { offset: 0, carry: isNamed ? torn : '' })
    generation.startAnew(isNamed ? torn : last)
  }

  /** Reads a generation that came and went between two looks. Answers its unfinished last line. */
  async #readMissed(sibling: Sibling, beginning: Beginning): Promise<string> {
    const opened = openSibling(sibling)
    if (opened === undefined) {
      this.#host.note(`${printable(sibling.path)} cannot be read: lines are missing`)
      return ''
    }
    const generation = this.#add(opened, beginning)
    generation.replacedAt = this.#host.now()
    await this.#drain(generation)
    return this.#open.includes(generation) ? generation.pending() : ''
  }

  async #checkPath(hasFolderChanged: boolean): Promise<string | undefined> {
    if (this.#current && leadsTo(this.#path, this.#current.key)) return undefined
    const opened = openRegular(this.#path)
    if (opened === 'missing') {
      if (hasFolderChanged) await this.#readAllMissed({ head: Buffer.alloc(0), size: 0 })
      return undefined
    }
    if ('why' in opened) return opened.why
    await this.#replace(opened)
    return undefined
  }

  /** Another file has the name now. It stays open meanwhile, so that it is none of those that came and went. */
  async #replace(opened: OpenedFile): Promise<void> {
    const old = this.#current
    if (old) {
      await this.#drain(old)
      old.replacedAt = this.#host.now()
    }
    const again = this.#open.find(({ key }) => key === opened.facts.key)
    const next = again ?? new Generation(opened, { offset: this.#known.offsetOf(opened.facts) }, this.#host.now())
    if (again) closeSync(opened.fd)
    next.replacedAt = undefined
    this.#known.begun(next)
    this.#open = [...this.#open.filter((other) => other !== again), next]
    this.#current = next
    await this.#readAllMissed({ head: next.head, size: next.facts().size })
    await this.#drain(next)
  }

  async #readAllMissed(present: Present): Promise<void> {
    for (const sibling of this.#known.unseen(this.#open, present)) if (sibling.isRotated) await this.#readMissed(sibling, { offset: 0 })
  }

  #drop(generation: Generation): void {
    this.#known.add(generation)
    this.#open = this.#open.filter((other) => other !== generation)
    generation.close()
  }
}
