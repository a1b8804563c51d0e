import { spawn, type ChildProcess } from 'node:child_process'
import { Socket } from 'node:net'
import { reasonOf } from '../error.ts'
import { printable } from '../printable.ts'
import { ENVIRONMENT } from './run.ts'

/** How one line given to nft ended: undefined if well; else its first line of complaint. */
export type LineResult = string | undefined

interface Batch {
  readonly lines: readonly string[]
  readonly resolve: (results: LineResult[]) => void
}

const TIME_LIMIT_MS = 5000

/** libedit writes `$HOME/.nft.history`: there must be no such folder. */
const NO_HOME = '/dev/null'

/**
 * An `nft -i` that stays, fed by a pipe: in about two thirds of the time that a process of its own takes for each operation. Every line is one
 * transaction, whole or not at all, and nft prints nothing when it went well. After each a word is sent that is no command: nft
 * complains about it and echoes it, which tells where the complaints about that line end.
 */
export class NftSession {
  readonly #program: string
  readonly #timeLimitMs: number
  readonly #waiting: Batch[] = []
  #child: ChildProcess | undefined
  #isBusy = false
  #marks = 0
  /** This process and the one before it, whose last changes may be told late. */
  #pids: readonly number[] = []

  constructor(program: string, timeLimitMs = TIME_LIMIT_MS) {
    this.#program = program
    this.#timeLimitMs = timeLimitMs
  }

  /** Starts its process, so that the first who knocks does not wait for that. */
  begin(): void {
    this.#open()
  }

  /** Whether that process is, or was until lately, the one of this session. */
  isOwn(pid: number): boolean {
    return this.#pids.includes(pid)
  }

  /** Runs lines one after the other, each a transaction of its own. They must hold no line break. Never rejects. */
  run(lines: readonly string[]): Promise<LineResult[]> {
    return new Promise((resolve) => {
      this.#waiting.push({ lines, resolve })
      void this.#drain()
    })
  }

  async #drain(): Promise<void> {
    if (this.#isBusy) return
    this.#isBusy = true
    for (let batch = this.#waiting.shift(); batch; batch = this.#waiting.shift()) batch.resolve(await this.#perform(batch.lines))
    this.#isBusy = false
  }

  /** A process that died while nobody asked anything of it is noticed only now: then it is tried once more. */
  async #perform(lines: readonly string[]): Promise<LineResult[]> {
    const exchange = await this.#exchange(lines)
    const { blocks, broken } = exchange.isLost && exchange.blocks.length === 0 ? await this.#exchange(lines) : exchange
    return lines.map((_, index) => {
      const block = blocks[index]
      return block === undefined ? (broken ?? 'nft did not answer') : complaintOf(block)
    })
  }

  /** What nft said about each line, as far as it came. */
  #exchange(lines: readonly string[]): Promise<Exchange> {
    const child = this.#open()
    const marks = lines.map(() => `knocktail_mark_${++this.#marks}`)
    const blocks: string[] = []
    let text = '\n'
    return new Promise((resolve) => {
      const end = (broken?: string, isLost = false): void => {
        clearTimeout(limit)
        child.stderr?.off('data', read)
        child.off('exit', lost).off('error', lost)
        if (broken !== undefined) this.#drop()
        resolve({ blocks, broken, isLost })
      }
      const read = (chunk: string): void => {
        text = takeBlocks(text + chunk, marks, blocks)
        if (blocks.length === marks.length) end()
      }
      const lost = (why: unknown): void => end(`nft: ${why instanceof Error ? reasonOf(why) : 'it has ended'}`, true)
      const limit = setTimeout(() => end('nft did not answer in time'), this.#timeLimitMs)
      child.stderr?.on('data', read)
      child.on('exit', lost).on('error', lost)
      child.stdin?.write(lines.map((line, index) => `${line}\n${marks[index]}\n`).join(''))
    })
  }

  #open(): ChildProcess {
    if (this.#child && this.#child.exitCode === null && this.#child.signalCode === null) return this.#child
    const child: ChildProcess = spawn(this.#program, ['-i'], {
      env: { ...ENVIRONMENT, HOME: NO_HOME }, cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'pipe'],
    })
    // Without file descriptors to spare there are no pipes, and an error comes.
    for (const emitter of [child, child.stdin, child.stderr]) emitter?.on('error', () => {})
    child.stderr?.setEncoding('latin1')
    keepNothingAlive(child)
    this.#pids = [child.pid ?? 0, ...this.#pids].slice(0, 2)
    this.#child = child
    return child
  }

  /** What it still does is not waited for. */
  #drop(): void {
    const pid = this.#child?.pid
    this.#child = undefined
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL')
    } catch {
      // It has ended.
    }
  }
}

/** It ends when its input does, that is with us. */
function keepNothingAlive(child: ChildProcess): void {
  child.unref()
  for (const pipe of [child.stdin, child.stderr]) if (pipe instanceof Socket) pipe.unref()
}

interface Exchange {
  readonly blocks: readonly string[]
  /** Why no more came. */
  readonly broken: string | undefined
  readonly isLost: boolean
}

/** Moves what is complete, up to the echo of each mark, from the text to the blocks; answers the rest. Both begin with the line break before them. */
function takeBlocks(text: string, marks: readonly string[], blocks: string[]): string {
  let begin = 0
  for (let mark = marks[blocks.length]; mark !== undefined; mark = marks[blocks.length]) {
    const end = text.indexOf(`\n${mark}\n`, begin)
    if (end < 0) break
    blocks.push(text.slice(begin, end))
    begin = end + 1 + mark.length
  }
  return text.slice(begin)
}

/** The mark's own complaint is the last one of a block, the line that points into the mark before the first of the next. */
function complaintOf(block: string): LineResult {
  const errors = block.split('\n').filter((line) => /\bError: /.test(line))
  const first = errors.length > 1 ? errors[0] : undefined
  return first === undefined ? undefined : printable(first.replace(/^.*?\bError: (?:Could not process rule: )?/, ''))
}

const sessions = new Map<string, NftSession>()

/** The one session with that nft. */
export function nftSession(program: string): NftSession {
  const session = sessions.get(program) ?? new NftSession(program)
  sessions.set(program, session)
  return session
}

/** Whether a change of the ruleset by that process is one of ours. */
export function isOwnNft(pid: number): boolean {
  return [...sessions.values()].some((session) => session.isOwn(pid))
}
