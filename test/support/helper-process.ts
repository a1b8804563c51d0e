import { spawn, type ChildProcess } from 'node:child_process'
import { afterEach } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { plannedTargets } from '../../src/firewalls/targets.ts'
import type { TargetId } from '../../src/firewalls/target.ts'
import { eventually } from './eventually.ts'
import { BIN } from './run.ts'

/** A real helper process, spoken to line by line. */
export interface HelperProcess {
  readonly child: ChildProcess
  /** All that it has said. */
  readonly lines: readonly string[]
  readonly write: (text: string) => void
  /** Writes a request under an ID of its own, and answers what is said of it but the ID. */
  readonly ask: (request: string) => Promise<string[]>
  /** The front dies. */
  readonly abandon: () => void
  /** Resolves with its exit code. */
  readonly ended: Promise<number | null>
}

export function helperArgv(config: string, stateDir: string): string[] {
  return [process.execPath, BIN, 'helper', '-c', config, '--state-dir', stateDir]
}

const running = new Set<ChildProcess>()

/** Whatever a test leaves is killed after it. */
export function endHelpersAfterEach(): void {
  afterEach(() => {
    for (const child of running) child.kill('SIGKILL')
    running.clear()
  })
}

/** Resolves when it is ready. */
export async function startProcess(argv: readonly string[]): Promise<HelperProcess> {
  const child = spawn(argv[0]!, argv.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] })
  running.add(child)
  const lines: string[] = []
  let rest = ''
  let stderr = ''
  child.stdin.on('error', () => {})
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  child.stdout.on('data', (chunk: Buffer) => {
    const parts = `${rest}${chunk.toString()}`.split('\n')
    rest = parts.pop()!
    lines.push(...parts)
  })
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve))
  await eventually(() => {
    if (lines.length > 0) return
    throw new Error(`no answer yet: ${stderr}`)
  })
  return { child, lines, ended, write: (text) => child.stdin.write(text), ask: asker(child, lines), abandon: () => child.stdin.destroy() }
}

const LAST = /^(?:done|foreign|unserved|failed)\b/

function asker(child: ChildProcess, lines: readonly string[]): HelperProcess['ask'] {
  let count = 1_000_000
  return async (request) => {
    const id = ++count
    child.stdin!.write(`${id} ${request}\n`)
    return eventually(() => {
      const own = lines.filter((line) => line.startsWith(`${id} `)).map((line) => line.slice(String(id).length + 1))
      if (own.some((line) => LAST.test(line))) return own
      throw new Error(`no answer to ${request}`)
    })
  }
}

/** The ids of a configuration's targets, by rule. */
export async function targetsOf(config: string): Promise<Map<string, TargetId>> {
  const planned = plannedTargets(await loadConfig(config))
  return new Map([...planned.values()].flatMap(({ id, rules }) => rules.map((rule) => [rule, id] as const)))
}
