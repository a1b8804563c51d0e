import { constants } from 'node:fs'
import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clocks } from '../clocks.ts'
import type { LogEvent } from '../log/event.ts'
import { historyLine } from './record.ts'

export const HISTORY_FILE = 'history.jsonl'

export interface HistoryOptions {
  readonly stateDir: string
  /** A file that would become larger is put aside, and a new one begun. */
  readonly bytes: number
  /** So many of those are kept. */
  readonly keep: number
}

/** What waits for a slow disk is bounded, too. */
const MOST_WAITING = 10_000
const MOST_AT_ONCE = 1000
const PATIENCE_MS = 2000

/**
 * What happened, appended line by line to a file in state_dir. It is written beside the daemon's work: a disk that refuses or hangs costs
 * lines of the history, which are counted, and nothing else.
 */
export class History {
  readonly #options: HistoryOptions
  readonly #clocks: Pick<Clocks, 'wall'>
  #waiting: string[] = []
  #state: ((problem: unknown) => void) | undefined
  #draining: Promise<void> | undefined
  #file: FileHandle | undefined
  #bytes = 0
  #lost = 0
  #isTorn = false

  constructor(options: HistoryOptions, clocks: Pick<Clocks, 'wall'>) {
    this.#options = options
    this.#clocks = clocks
  }

  readonly write = (event: LogEvent): void => {
    const line = historyLine(event, this.#clocks.wall())
    if (line === undefined) return
    if (this.#waiting.length < MOST_WAITING) this.#waiting.push(line)
    else this.#lost++
    this.#wake()
  }

  /**
   * Nothing is written before: the file is to belong to the user that the daemon becomes. `state` is told when the disk begins to refuse (why),
   * and when it takes lines again (undefined).
   */
  begin(state: (problem: unknown) => void): void {
    this.#state = state
    this.#wake()
  }

  /** A disk that hangs is not waited for. */
  async end(): Promise<void> {
    await Promise.race([this.#draining, new Promise((resolve) => void setTimeout(resolve, PATIENCE_MS).unref())])
    await this.#file?.close().catch(() => {})
  }

  #wake(): void {
    if (this.#state && this.#waiting.length > 0) this.#draining ??= this.#drain().finally(() => (this.#draining = undefined))
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting.splice(0, MOST_AT_ONCE)
      try {
        await this.#append(lines)
      } catch (error) {
        await this.#giveUp(lines.length, error)
      }
    }
  }

  async #append(lines: readonly string[]): Promise<void> {
    const told = this.#lost > 0 ? [this.#lostLine(this.#lost)] : []
    const text = Buffer.from(`${this.#isTorn ? '\n' : ''}${[...told, ...lines].join('\n')}\n`)
    const file = await this.#fileFor(text.length)
    for (let at = 0; at < text.length;) at += (await file.write(text, at)).bytesWritten
    this.#bytes += text.length
    this.#isTorn = false
    if (told.length === 0) return
    this.#lost = 0
    this.#state?.(undefined)
  }

  #lostLine(lines: number): string {
    const event = { level: 'error', event: 'history-lost', text: `${lines} lines of the history could not be written`, facts: { lines } } as const
    return historyLine(event, this.#clocks.wall())!
  }

  async #giveUp(lines: number, why: unknown): Promise<void> {
    const isFirst = this.#lost === 0
    this.#lost += lines
    this.#isTorn = true
    await this.#file?.close().catch(() => {})
    this.#file = undefined
    if (isFirst) this.#state?.(why)
  }

  async #fileFor(more: number): Promise<FileHandle> {
    this.#file ??= await this.#open()
    if (this.#bytes === 0 || this.#bytes + more <= this.#options.bytes) return this.#file
    await this.#file.close()
    this.#file = undefined
    await this.#putAside()
    this.#file = await this.#open()
    return this.#file
  }

  async #open(): Promise<FileHandle> {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK
    const file = await open(this.#path(0), flags, 0o640)
    this.#bytes = (await file.stat()).size
    return file
  }

  async #putAside(): Promise<void> {
    const { keep } = this.#options
    await rm(this.#path(keep), { force: true })
    for (let number = keep; number > 0; number--) await rename(this.#path(number - 1), this.#path(number)).catch(unlessMissing)
  }

  #path(number: number): string {
    return join(this.#options.stateDir, number === 0 ? HISTORY_FILE : `${HISTORY_FILE}.${number}`)
  }
}

function unlessMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
