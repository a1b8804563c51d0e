import type { ChildProcess } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BIN } from './run.ts'
import type { Netns } from './netns.ts'

/** A record of the daemon's log. */
export interface LogRecord {
  readonly event: string
  readonly text: string
  readonly [fact: string]: unknown
}

export interface LiveOptions {
  readonly folder: string
  readonly config: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** In front of the daemon's own command line: faketime, setpriv ... */
  readonly wrap?: readonly string[]
}

let count = 0

/** The real daemon in the server's namespace; whoever starts it must stop it. */
export class LiveDaemon {
  readonly records: LogRecord[] = []
  readonly stateDir: string
  readonly runDir: string
  readonly configPath: string
  stderr = ''
  child: ChildProcess
  readonly #netns: Pick<Netns, 'start'>
  readonly #options: LiveOptions
  readonly #watchers = new Set<() => void>()

  constructor(netns: Pick<Netns, 'start'>, options: LiveOptions) {
    this.#netns = netns
    this.#options = options
    this.configPath = join(options.folder, `knocktail-${++count}.conf`)
    this.stateDir = join(options.folder, `state-${count}`)
    this.runDir = join(options.folder, `run-${count}`)
    mkdirSync(this.stateDir)
    writeFileSync(this.configPath, options.config, { mode: 0o644 })
    this.child = this.#spawn()
  }

  /** The process itself: `ip netns exec` and wrappers put themselves in its place. */
  get pid(): number {
    return this.child.pid!
  }

  /** Starts it once more, with what it left behind, and with something else in front of its command line, if need be. */
  restart(wrap = this.#options.wrap): void {
    this.child = this.#spawn(wrap)
  }

  #spawn(wrap = this.#options.wrap ?? []): ChildProcess {
    const { args = [], env = {} } = this.#options
    const child = this.#netns.start('server', [...wrap, process.execPath, BIN, 'run', '-c', this.configPath, '--state-dir', this.stateDir, '--run-dir', this.runDir, ...args], env)
    let rest = ''
    child.stdout!.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n')
      rest = lines.pop()!
      for (const line of lines) this.records.push(JSON.parse(line) as LogRecord)
      for (const look of this.#watchers) look()
    })
    child.stderr!.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()))
    return child
  }

  named(event: string): LogRecord[] {
    return this.records.filter((record) => record.event === event)
  }

  /** Waits until so many records of that name have been written, those before counted. */
  async until(event: string, times = 1, limitMs = 15_000): Promise<LogRecord> {
    await this.untilTrue(() => this.named(event).length >= times, `${times} x ${event}`, limitMs)
    return this.named(event)[times - 1]!
  }

  untilTrue(holds: () => boolean, what: string, limitMs = 15_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(limit)
        this.#watchers.delete(look)
        this.child.off('exit', ended)
      }
      const look = (): void => {
        if (!holds()) return
        end()
        resolve()
      }
      const fail = (why: string): void => {
        end()
        reject(new Error(`${what}: ${why}\n${this.#told()}\n${this.stderr}`))
      }
      const ended = (code: number | null): void => fail(`the daemon has ended with ${code}`)
      const limit = setTimeout(() => fail(`not within ${limitMs} ms`), limitMs)
      this.#watchers.add(look)
      this.child.on('exit', ended)
      look()
    })
  }

  /** What it wrote: how much of each, and the last of it. */
  #told(): string {
    const counts = [...new Set(this.records.map(({ event }) => event))].map((name) => `${this.named(name).length} x ${name}`)
    return [counts.join(', '), ...this.records.slice(-15).map(({ event: name, text }) => `${name}: ${text}`)].join('\n')
  }

  /** Ends it as a service manager does, and waits. Answers the exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode
    const ended = new Promise<number | null>((resolve) => this.child.once('exit', resolve))
    this.child.kill(signal)
    return ended
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  configure(text: string): void {
    writeFileSync(this.configPath, text)
  }

  get config(): string {
    return readFileSync(this.configPath, 'utf8')
  }
}
