import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { reasonOf } from '../error.ts'
import { printable, quoted } from '../printable.ts'
import { LineSplitter } from './lines.ts'

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
/** After SIGTERM a child has so long to end by itself. */
const GRACE_MS = 1000
const LOOK_MS = 50
const LONGEST_NOTE = 500
/** What a program writes to stderr is told up to so often a minute. */
const MOST_NOTES = 20

/** What a program that Knocktail starts knows of its surroundings: nothing that could load code into it. */
function childEnvironment(): NodeJS.ProcessEnv {
  const { TZ } = process.env
  return { PATH, LC_ALL: 'C', ...(TZ !== undefined && { TZ }) }
}

/** The program's path, or undefined if there is none in the fixed PATH. */
export function findProgram(name: string): string | undefined {
  if (isAbsolute(name)) return name
  return PATH.split(':').map((folder) => join(folder, name)).find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return !name.includes('/')
    } catch {
      return false
    }
  })
}

export interface ChildRun {
  readonly argv: readonly [program: string, ...args: string[]]
  /** Descriptor for its input; undefined: none. */
  readonly stdin?: number
  readonly signal: AbortSignal
  readonly onChunk: (chunk: Buffer) => Promise<void>
  readonly note: (text: string) => void
  /** Asked for each line of stderr. @default all are */
  readonly isNoteworthy?: (line: string) => boolean
}

/**
 * Runs a program in a process group of its own and reads what it writes until it ends or the signal is aborted. Answers how it ended, in
 * words. Never rejects but for what `onChunk` throws. No process of the group is left behind.
 */
export async function runChild({ argv: [program, ...args], stdin, signal, onChunk, note, isNoteworthy = () => true }: ChildRun): Promise<string> {
  const stdio: StdioOptions = [stdin ?? 'ignore', 'pipe', 'pipe']
  const child = spawn(program, args, { stdio, detached: true, cwd: '/', env: childEnvironment() })
  const failed = new Promise<string>((resolve) => child.once('error', (error) => resolve(`${quoted(program)} cannot be started: ${reasonOf(error)}`)))
  const exited = once(child, 'exit').then(([code, by]) => endText(program, code, by), () => '')
  const stop = (): void => endGroup(child)
  signal.addEventListener('abort', stop, { once: true })
  tellStderr(child, note, isNoteworthy)
  try {
    for await (const chunk of child.stdout!) {
      await onChunk(chunk as Buffer)
      if (signal.aborted) break
    }
    return await Promise.race([failed, exited])
  } finally {
    signal.removeEventListener('abort', stop)
    endGroup(child)
    await Promise.race([failed, exited])
  }
}

function endText(program: string, code: unknown, by: unknown): string {
  return `${printable(program)} ended ${typeof code === 'number' ? `with exit code ${code}` : `by ${String(by)}`}`
}

/** Whoever of the group ignores SIGTERM is killed. A number of a group that is gone may be given again: it is not used any more. */
function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined || !signalGroup(pid, 'SIGTERM')) return
  const endMs = performance.now() + GRACE_MS
  const timer = setInterval(() => {
    const isOver = performance.now() >= endMs
    if (!signalGroup(pid, isOver ? 'SIGKILL' : 0) || isOver) clearInterval(timer)
  }, LOOK_MS).unref()
}

/** Answers whether there was anybody in the group. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal)
  } catch {
    return false
  }
}

function tellStderr({ stderr }: ChildProcess, note: (text: string) => void, isNoteworthy: (line: string) => boolean): void {
  let count = 0
  let since = performance.now()
  const splitter = new LineSplitter((line) => {
    if (line.trim() !== '' && isNoteworthy(line) && count++ < MOST_NOTES) note(`it says: ${printable(line.slice(0, LONGEST_NOTE))}`)
  })
  stderr!.on('data', (chunk: Buffer) => {
    if (performance.now() - since > 60_000) {
      count = 0
      since = performance.now()
    }
    splitter.push(chunk)
  })
  stderr!.on('end', () => splitter.end())
}
