import { createHash } from 'node:crypto'
import { closeSync, copyFileSync, existsSync, fstatSync, mkdtempSync, openSync, readdirSync, renameSync, rmSync, statSync, truncateSync, unlinkSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SECOND, type Micros } from '../../parsers/time.ts'
import { readFilePosition } from '../../src/sources/file-place.ts'
import { FileFollower } from '../../src/sources/file-follower.ts'

/** One writer's descriptor, and the lines that went through it. */
interface Writer {
  readonly id: number
  readonly fd: number
  readonly lines: string[]
  /** A line begun and not finished. */
  rest: string
  /** When the file lost its name. */
  replacedAt: number | undefined
  /** Whether the follower has looked since it was there: nothing that others do to names can take it away any more. */
  isHeld: boolean
  hasNoName: boolean
  /** Somebody deleted the file before it was ever looked at. */
  isDeleted: boolean
}

export type Action =
  | { readonly do: 'write'; readonly lines: number; readonly length: number }
  | { readonly do: 'begin a line'; readonly length: number }
  | { readonly do: 'linger'; readonly lines: number }
  | { readonly do: 'rename'; readonly create: boolean; readonly style: 'number' | 'date' }
  | { readonly do: 'create' | 'copytruncate' | 'delete' | 'look' }
  | { readonly do: 'pause'; readonly seconds: number }
  | { readonly do: 'restart'; readonly meanwhile: readonly Action[] }

/** So much of a line tells it from all others: what is written in less than that may look like what was there before. */
const TELLING = 10

/** A log in a folder of its own with its writer, those who rotate it, and a follower that looks when it is told to. */
export class LogModel {
  readonly #folder = mkdtempSync(join(tmpdir(), 'log-model-'))
  readonly path = join(this.#folder, 'kern.log')
  readonly notes: string[] = []
  /** What the follower handed on, as counted. */
  readonly read: string[] = []
  /** What it read again after a restart. */
  readonly again: string[] = []
  readonly #writers: Writer[] = []
  #writer: Writer | undefined
  #follower: FileFollower | undefined
  #seconds = 1000
  #dates = 0
  #isTorn = false
  #youngest = 0n

  async start(position?: unknown): Promise<void> {
    this.#follower = new FileFollower(this.path, {
      now: () => (this.#seconds * SECOND) as Micros,
      isStopped: () => false,
      lines: async ({ lines, counted }) => void (counted ? this.read : this.again).push(...lines),
      note: (text) => this.notes.push(text),
    })
    await this.#follower.start(position === undefined ? undefined : readFilePosition(position))
    this.#hold()
  }

  async act(action: Action): Promise<void> {
    switch (action.do) {
      case 'write': return this.#write(this.#writer, action.lines, action.length)
      case 'begin a line': return this.#beginLine(action.length)
      case 'linger': return this.#linger(action.lines)
      case 'rename': await this.#lookIfTorn(); return this.#rename(action)
      case 'create': return this.create()
      case 'copytruncate': return this.#copyTruncate()
      case 'delete': await this.#lookIfTorn(); return this.#delete()
      case 'look': return this.look()
      case 'pause': this.#seconds += action.seconds; return this.look()
      case 'restart': return this.#restart(action.meanwhile)
    }
  }

  async look(): Promise<void> {
    await this.#follower!.look()
    this.#hold()
  }

  /** Lines that were written, and those of them that nobody could have read, by writer. */
  expected(): { readonly id: number; readonly lines: readonly string[]; readonly rest: string; readonly isDeleted: boolean }[] {
    return this.#writers
  }

  async create(): Promise<void> {
    if (this.#writer && existsSync(this.path)) return
    await this.#clockTick()
    this.#writer = { id: this.#writers.length, fd: openSync(this.path, 'ax'), lines: [], rest: '', replacedAt: undefined, isHeld: false, hasNoName: false, isDeleted: false }
    this.#writers.push(this.#writer)
  }

  end(): void {
    this.#follower?.close()
    for (const { fd } of this.#writers) closeSync(fd)
    rmSync(this.#folder, { recursive: true })
  }

  #write(writer: Writer | undefined, count: number, length: number): void {
    if (!writer) return
    for (let line = 0; line < count; line++) {
      if (writer.rest === '') this.#begin(writer, length, 0)
      writeSync(writer.fd, `${writer.rest}\n`)
      writer.rest = ''
    }
  }

  #beginLine(length: number): void {
    const writer = this.#writer
    if (!writer || writer.rest !== '') return
    this.#begin(writer, length, Math.max(TELLING, Math.floor(length / 2)))
  }

  /** The line counts from now on: sooner or later the writer finishes it, or else it is taken back. */
  #begin(writer: Writer, length: number, written: number): void {
    const number = `${writer.id}.${writer.lines.length}`
    const line = `${createHash('md5').update(number).digest('hex').slice(0, TELLING)} ${number} ${'x'.repeat(length)}`
    writer.lines.push(line)
    writeSync(writer.fd, line.slice(0, written))
    writer.rest = line.slice(written)
  }

  #linger(lines: number): void {
    const old = this.#writers.findLast(({ replacedAt, isDeleted }) => replacedAt !== undefined && this.#seconds - replacedAt < 9 && !isDeleted)
    // A file that was empty whenever somebody looked may as well be a copy that is being made.
    if (old && (old.isHeld || fstatSync(old.fd).size > 0)) this.#write(old, lines, 20)
  }

  async #lookIfTorn(): Promise<void> {
    if (this.#isTorn && this.#writer?.isHeld) await this.look()
  }

  async #rename({ create, style }: Extract<Action, { do: 'rename' }>): Promise<void> {
    if (!existsSync(this.path)) return
    renameSync(this.path, this.#rotatedName(style))
    this.#leave()
    if (create) await this.create()
  }

  /** Birth times are of the kernel's coarse clock: what comes after a restart must be younger than what was there before. */
  async #clockTick(): Promise<void> {
    const probe = join(this.#folder, 'probe')
    for (;;) {
      writeFileSync(probe, '')
      const { birthtimeNs } = statSync(probe, { bigint: true })
      unlinkSync(probe)
      if (birthtimeNs > this.#youngest) {
        this.#youngest = birthtimeNs
        return
      }
      await sleep(1)
    }
  }

  #rotatedName(style: 'number' | 'date'): string {
    if (style === 'date') return `${this.path}-20261121-${String(++this.#dates).padStart(4, '0')}`
    const numbers = readdirSync(this.#folder).map((name) => Number(/\.log\.(\d+)$/.exec(name)?.[1] ?? 0)).toSorted((a, b) => b - a)
    for (const number of numbers) if (number > 0) renameSync(`${this.path}.${number}`, `${this.path}.${number + 1}`)
    return `${this.path}.1`
  }

  #copyTruncate(): void {
    if (!existsSync(this.path)) return
    // A line torn by it can be put together only by who saw its beginning.
    if (this.#writer?.rest && !this.#writer.isHeld) this.#write(this.#writer, 1, 0)
    this.#isTorn ||= this.#writer?.rest !== ''
    copyFileSync(this.path, this.#rotatedName('number'))
    truncateSync(this.path)
  }

  #delete(): void {
    const writer = this.#writer
    if (!writer || !existsSync(this.path)) return
    unlinkSync(this.path)
    writer.hasNoName = true
    writer.isDeleted ||= !writer.isHeld
    this.#leave()
  }

  #leave(): void {
    if (this.#writer) this.#writer.replacedAt = this.#seconds
    this.#writer = undefined
  }

  async #restart(meanwhile: readonly Action[]): Promise<void> {
    if (this.#isTorn) {
      if (this.#writer?.rest) this.#write(this.#writer, 1, 0)
      await this.look()
    }
    const position: unknown = JSON.parse(JSON.stringify(this.#follower!.position()))
    this.#follower!.close()
    for (const writer of this.#writers) {
      writer.isHeld = false
      writer.isDeleted ||= writer.hasNoName
    }
    await this.#clockTick()
    for (const action of meanwhile) if (action.do !== 'look' && action.do !== 'pause') await this.act(action)
    await this.start(position)
  }

  #hold(): void {
    this.#isTorn &&= this.#writer !== undefined && this.#writer.rest !== ''
    for (const writer of this.#writers) writer.isHeld ||= !writer.isDeleted && (writer.replacedAt === undefined || fstatSync(writer.fd).size > 0)
  }
}
