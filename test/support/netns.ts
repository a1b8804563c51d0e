import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll } from 'vitest'
import { parseAddress, type Address } from '../../parsers/address.ts'
import { findProgram, runCommand, type Ran, type Runner } from '../../src/firewalls/run.ts'
import type { AgentReply, AgentRequest } from './netns-agent.ts'

/**
 * Two network namespaces joined by a cable, made before the tests of a file (or of a describe) and removed after them, also
 * after a failure, and by the next run if this one was killed.
 */

export type Family = 4 | 6
export type End = 'server' | 'client'

const ADDRESSES: Readonly<Record<End, Readonly<Record<Family, string>>>> = {
  server: { 4: '192.0.2.1', 6: '2001:db8::1' },
  client: { 4: '192.0.2.2', 6: '2001:db8::2' },
}
const WIDTH: Readonly<Record<Family, number>> = { 4: 24, 6: 64 }

export function addressOf(end: End, family: Family): Address {
  return parseAddress(ADDRESSES[end][family])!
}

const AGENT = fileURLToPath(new URL('../../dist/test/support/netns-agent.js', import.meta.url))
const PREFIX = 'knocktail'
const LIMIT_MS = 20_000

export interface Netns {
  readonly nameOf: (end: End) => string
  readonly inServer: (argv: readonly string[], input?: string) => Promise<Ran>
  readonly inClient: (argv: readonly string[], input?: string) => Promise<Ran>
  /** As `inServer`, but it must end with exit code 0. Answers its standard output. */
  readonly serve: (argv: readonly string[], input?: string) => Promise<string>
  /** Runs a firewall's programs in the server's namespace. */
  readonly runner: Runner
  /** The path of a script that runs that program in the server's namespace: for `program = PATH`. */
  readonly wrapper: (program: string) => string
  /** A program in a namespace that runs until the tests are over, unless it is ended before. */
  readonly start: (end: End, argv: readonly string[], env?: Readonly<Record<string, string>>) => ChildProcess
  /** A TCP listener of both families in the server's namespace. */
  readonly listen: (port: number) => Promise<void>
  /** Whether a real client reaches a real listener, and is greeted by it. `from` defaults to the client's own address. */
  readonly canConnect: (port: number, family?: Family, from?: string) => Promise<boolean>
  /** Another address for the client, to connect from. */
  readonly addClient: (address: string) => Promise<void>
}

/** The namespaces exist in tests and in the hooks that come after this call. */
export function useNetns(): Netns {
  const pair = new Pair()
  beforeAll(() => pair.open(), LIMIT_MS)
  afterAll(() => pair.close(), LIMIT_MS)
  return pair
}

let count = 0

class Pair implements Netns {
  readonly #id = `${PREFIX}-${process.pid}-${++count}${Math.random().toString(36).slice(2, 6)}`
  readonly #children = new Set<ChildProcess>()
  readonly #agents = new Map<End, Agent>()
  readonly #atExit = (): void => this.#remove()
  #folder: string | undefined

  readonly nameOf = (end: End): string => `${this.#id}-${end}`

  async open(): Promise<void> {
    removeStale()
    process.on('exit', this.#atExit)
    this.#folder = mkdtempSync(join(tmpdir(), `${PREFIX}-netns-`))
    chmodSync(this.#folder, 0o755)
    for (const end of ['server', 'client'] as const) await must(['ip', 'netns', 'add', this.nameOf(end)])
    await must(['ip', 'link', 'add', 'veth0', 'netns', this.nameOf('server'), 'type', 'veth', 'peer', 'name', 'veth0', 'netns', this.nameOf('client')])
    for (const end of ['server', 'client'] as const) await this.#configure(end)
  }

  async #configure(end: End): Promise<void> {
    const ip = (...args: readonly string[]): Promise<string> => must(['ip', '-n', this.nameOf(end), ...args])
    await ip('link', 'set', 'lo', 'up')
    await ip('link', 'set', 'veth0', 'up')
    for (const family of [4, 6] as const) await this.#assign(end, ADDRESSES[end][family], family)
    this.#agents.set(end, new Agent(this.#spawn(end, [process.execPath, AGENT], {}, 'ipc')))
  }

  async #assign(end: End, address: string, family: Family): Promise<void> {
    const extra = family === 6 ? ['nodad'] : []
    await must(['ip', '-n', this.nameOf(end), 'addr', 'add', `${address}/${WIDTH[family]}`, 'dev', 'veth0', ...extra])
  }

  async close(): Promise<void> {
    process.off('exit', this.#atExit)
    this.#remove()
  }

  #remove(): void {
    for (const child of this.#children) if (child.exitCode === null) child.kill('SIGKILL')
    for (const end of ['server', 'client'] as const) removeNamespace(this.nameOf(end))
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true })
  }

  readonly runner: Runner = (command) =>
    runCommand({ ...command, program: '/usr/sbin/ip', args: ['netns', 'exec', this.nameOf('server'), command.program, ...command.args] })

  readonly inServer = (argv: readonly string[], input?: string): Promise<Ran> => this.#run('server', argv, input)
  readonly inClient = (argv: readonly string[], input?: string): Promise<Ran> => this.#run('client', argv, input)
  readonly serve = (argv: readonly string[], input?: string): Promise<string> => must(['ip', 'netns', 'exec', this.nameOf('server'), ...argv], input)

  #run(end: End, argv: readonly string[], input?: string): Promise<Ran> {
    return runArgv(['ip', 'netns', 'exec', this.nameOf(end), ...argv], input)
  }

  readonly wrapper = (program: string): string => {
    const path = join(this.#folder!, program)
    writeFileSync(path, `#!/bin/sh\nexec ip netns exec ${this.nameOf('server')} ${findProgram(program)} "$@"\n`, { mode: 0o755 })
    return path
  }

  readonly start = (end: End, argv: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess => this.#spawn(end, argv, env)

  #spawn(end: End, argv: readonly string[], env: Readonly<Record<string, string>>, channel?: 'ipc'): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', this.nameOf(end), ...argv], {
      stdio: ['pipe', 'pipe', 'pipe', ...(channel ? [channel] : [])], env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', ...env },
    })
    this.#children.add(child)
    child.on('exit', () => this.#children.delete(child))
    return child
  }

  readonly listen = async (port: number): Promise<void> => {
    for (const host of ['0.0.0.0', '::']) {
      const problem = await this.#agents.get('server')!.ask({ ask: 'listen', port, host })
      if (problem !== undefined) throw new Error(`port ${port}: ${problem}`)
    }
  }

  readonly canConnect = async (port: number, family: Family = 4, from?: string): Promise<boolean> => {
    const host = ADDRESSES.server[family]
    return (await this.#agents.get('client')!.ask({ ask: 'connect', port, host, from, limitMs: 300 })) === undefined
  }

  readonly addClient = (address: string): Promise<void> => this.#assign('client', address, address.includes(':') ? 6 : 4)
}

type Ask<R> = R extends unknown ? Omit<R, 'id'> : never

/** A process in a namespace that is asked many things. */
class Agent {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, (problem: string | undefined) => void>()
  #count = 0
  #stderr = ''

  constructor(child: ChildProcess) {
    this.#child = child
    child.stderr!.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()))
    child.on('message', ({ id, problem }: AgentReply) => {
      this.#waiting.get(id)?.(problem)
      this.#waiting.delete(id)
    })
    child.on('exit', () => {
      for (const tell of this.#waiting.values()) tell(`the process in the namespace has ended: ${this.#stderr}`)
    })
  }

  ask(request: Ask<AgentRequest>): Promise<string | undefined> {
    const id = ++this.#count
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      this.#child.send({ ...request, id })
    })
  }
}

function runArgv([program, ...args]: readonly string[], input?: string): Promise<Ran> {
  return runCommand({ program: program!, args, timeLimitMs: LIMIT_MS, onTimeLimit: 'group', ...(input !== undefined && { input }) })
}

async function must(argv: readonly string[], input?: string): Promise<string> {
  const ran = await runArgv(argv, input)
  if (ran.code !== 0) throw new Error(`${argv.join(' ')}: ${ran.stderr || `exit code ${ran.code}`}`)
  return ran.stdout
}

/** With all that runs in it. */
function removeNamespace(name: string): void {
  const pids = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean)
  if (pids.length > 0) spawnSync('kill', ['-9', ...pids], { stdio: 'ignore' })
  spawnSync('ip', ['netns', 'del', name], { stdio: 'ignore' })
}

/** What runs that were killed have left. */
function removeStale(): void {
  const names = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' }).stdout.split('\n').map((line) => line.split(' ')[0]!)
  for (const name of names) {
    const pid = new RegExp(`^${PREFIX}-(\\d+)-`).exec(name)?.[1]
    if (pid !== undefined && !isAlive(Number(pid))) removeNamespace(name)
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
