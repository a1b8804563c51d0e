import { spawn, type ChildProcess } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { join } from 'node:path'
import { reasonOf } from '../error.ts'

/** One program to be run. No shell is involved: arguments are handed over as they are. */
export interface Command {
  readonly program: string
  readonly args: readonly string[]
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
  /** After so long it is ended. */
  readonly timeLimitMs: number
  /**
   * What the time limit does. group: SIGKILL to the whole process group, grandchildren included.
   * term: only SIGTERM to the program itself, which may be amid a write that must not be cut (ufw); it is waited for.
   */
  readonly onTimeLimit: 'group' | 'term'
  /** How much of its standard output is kept. @default 1 MiB */
  readonly stdoutBytes?: number
}

/** How it ended: `code` is undefined if a signal ended it or if it could not be started. Output is capped. */
export interface Ran {
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
  readonly timedOut: boolean
}

/** Of a program that was not found. */
export const NOT_INSTALLED: Ran = { code: undefined, stdout: '', stderr: 'it is not installed', timedOut: false }

/** Enough for a listing of a few hundred thousand entries. */
export const LISTING_BYTES = 64 * 1024 * 1024

/** Never rejects: a program that cannot be started is a Ran, too. */
export type Runner = (command: Command) => Promise<Ran>

const FOLDERS = ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/sbin', '/usr/local/bin']

/** All that a program gets to see of ours: nothing of NODE_*, LD_*, BASH_ENV reaches it. */
export const ENVIRONMENT = { PATH: FOLDERS.join(':'), LC_ALL: 'C', HOME: '/' }

const STDOUT_BYTES = 1024 * 1024
const STDERR_BYTES = 16 * 1024

/** So long the output of a program that has ended is waited for, where something that it left running holds it open. */
const DRAIN_MS = 100

/** Where the program of that name is; undefined: it is not installed. */
export function findProgram(name: string): string | undefined {
  return FOLDERS.map((folder) => join(folder, name)).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** Runs a program in a process group of its own. What it leaves running in the background when it ends goes on. */
export const runCommand: Runner = (command) => {
  const child = startProgram(command)
  if (typeof child === 'string') return Promise.resolve(notStarted(child))
  const stdout = collect(child, 'stdout', command.stdoutBytes ?? STDOUT_BYTES)
  const stderr = collect(child, 'stderr', STDERR_BYTES)
  let timedOut = false
  const limit = setTimeout(() => {
    timedOut = true
    endProgram(child, command.onTimeLimit)
  }, command.timeLimitMs)
  feed(child, command.input)
  return untilEnded(child).then((end) => {
    clearTimeout(limit)
    if (typeof end === 'string') return notStarted(end)
    return { code: end ?? undefined, stdout: stdout(), stderr: stderr(), timedOut }
  })
}

/** Answers why not, if it cannot be started at all. */
function startProgram({ program, args, env }: Command): ChildProcess | string {
  try {
    return spawn(program, args, { env: { ...ENVIRONMENT, ...env }, cwd: '/', detached: true, stdio: 'pipe' })
  } catch (error) {
    return reasonOf(error)
  }
}

function notStarted(why: string): Ran {
  return { code: undefined, stdout: '', stderr: `it could not be started: ${why}`, timedOut: false }
}

/** A program need not read its input. */
function feed({ stdin }: ChildProcess, input = ''): void {
  stdin?.on('error', () => {})
  stdin?.end(input)
}

/** Reads all, keeps the first bytes. */
function collect(child: ChildProcess, name: 'stdout' | 'stderr', most: number): () => string {
  const chunks: Buffer[] = []
  let left = most
  child[name]?.on('data', (chunk: Buffer) => {
    if (left > 0) chunks.push(chunk.subarray(0, left))
    left -= chunk.length
  })
  child[name]?.on('error', () => {})
  return () => Buffer.concat(chunks).toString()
}

/** Its exit code, null after a signal; text if it could not be started. */
function untilEnded(child: ChildProcess): Promise<number | null | string> {
  return new Promise((resolve) => {
    let drained: NodeJS.Timeout | undefined
    child.on('error', (error) => resolve(reasonOf(error)))
    child.on('exit', (code) => {
      drained = setTimeout(() => {
        child.stdout?.destroy()
        child.stderr?.destroy()
        resolve(code)
      }, DRAIN_MS)
    })
    child.on('close', (code) => {
      clearTimeout(drained)
      resolve(code)
    })
  })
}

function endProgram({ pid }: ChildProcess, how: Command['onTimeLimit']): void {
  if (pid === undefined) return
  try {
    if (how === 'group') process.kill(-pid, 'SIGKILL')
    else process.kill(pid, 'SIGTERM')
  } catch {
    // It has just ended by itself.
  }
}
