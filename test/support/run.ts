import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { mkdtempSync, chmodSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

/** The command as users have it: what `npm run build` made. */
export const BIN = fileURLToPath(new URL('../../dist/src/bin.js', import.meta.url))

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions extends Pick<SpawnOptions, 'cwd' | 'uid' | 'gid'> {
  readonly stdin?: string | Buffer
  readonly env?: Readonly<Record<string, string>>
  readonly limitMs?: number
}

/** A zone of its own, so that nothing passes only because the machine is in UTC. */
const ENVIRONMENT = { PATH: process.env['PATH'] ?? '', TZ: 'Pacific/Auckland', LC_ALL: 'C' }

/** Starts the command; whoever starts it must end it. */
export function start(args: readonly string[], { env, cwd, uid, gid }: RunOptions = {}): ChildProcess {
  return spawn(process.execPath, [BIN, ...args], {
    env: { ...ENVIRONMENT, ...env }, stdio: 'pipe', ...(cwd !== undefined && { cwd }), ...(uid !== undefined && { uid }), ...(gid !== undefined && { gid }),
  })
}

/** Runs the command to its end, or fails after the time limit. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = start(args, options)
  // A command that refuses its arguments does not read its input.
  child.stdin!.on('error', () => {})
  child.stdin!.end(options.stdin ?? '')
  return ended(child, options.limitMs)
}

export async function ended(child: ChildProcess, limitMs = 20_000): Promise<Ran> {
  const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
  for (const name of ['stdout', 'stderr'] as const) child[name]?.on('data', (chunk: Buffer) => output[name].push(chunk))
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`not ended after ${limitMs} ms: ${child.spawnargs.slice(2).join(' ')}`))
    }, limitMs)
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(limit)
      resolve({ code, stdout: Buffer.concat(output.stdout).toString(), stderr: Buffer.concat(output.stderr).toString() })
    })
  })
}

export interface Folder {
  readonly path: string
  /** Writes a file and answers its path. */
  readonly write: (name: string, content: string | Buffer) => string
}

/** A temporary folder that everybody may enter, removed after the tests of the file. */
export function useFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'knocktail-test-'))
  chmodSync(path, 0o755)
  afterAll(() => rmSync(path, { recursive: true, force: true }))
  return {
    path,
    write: (name, content) => {
      writeFileSync(join(path, name), content)
      return join(path, name)
    },
  }
}

/** The objects of JSON lines. */
export function jsonLines(text: string): Record<string, unknown>[] {
  return text.split('\n').slice(0, -1).map((line) => JSON.parse(line) as Record<string, unknown>)
}
