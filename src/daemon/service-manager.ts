import { reasonOf } from '../error.ts'
import { whyFailed } from '../firewalls/outcome.ts'
import type { Tools } from '../firewalls/tools.ts'
import type { Log } from '../log/log.ts'
import { printable } from '../printable.ts'

const PROGRAM = 'systemd-notify'
const LIMIT_MS = 10_000
/** How often it is looked whether the status is another, where no watchdog wants to know more often. */
const STATUS_MS = 10_000
/** So many times within its time the watchdog is told that all is well: one that comes late does no harm. */
const PINGS = 3

export interface ManagedParts {
  readonly tools: Tools
  readonly log: Log
  /** Resolves with whether what is decided still gets through to the ledger and the helper; never, if something hangs. */
  readonly moves: () => Promise<boolean>
  /** In one line. */
  readonly status: () => string
}

/**
 * The service manager that has started us, by sd_notify(3). Node cannot send to its socket: systemd's own program does, which also waits
 * until the sender was looked up, so that a message of a process that has ended is not lost. The unit needs NotifyAccess=all.
 */
export class ServiceManager {
  readonly #parts: ManagedParts
  readonly #socket: string
  readonly #watchdogMs: number | undefined
  #told = ''
  #beat: NodeJS.Timeout | undefined
  #isBeating = false
  #isHeld = false
  #hasFailed = false
  #last: Promise<void> = Promise.resolve()

  constructor(socket: string, watchdogMs: number | undefined, parts: ManagedParts) {
    this.#socket = socket
    this.#watchdogMs = watchdogMs
    this.#parts = parts
  }

  ready(): void {
    this.#send('READY=1', ...this.#newStatus())
    this.#beat = setInterval(() => void this.#tell(), this.#watchdogMs === undefined ? STATUS_MS : this.#watchdogMs / PINGS)
  }

  stopping(): void {
    clearInterval(this.#beat)
    this.#send('STOPPING=1', 'STATUS=stopping')
  }

  /** Resolves when all that was told has been taken. */
  idle(): Promise<void> {
    return this.#last
  }

  async #tell(): Promise<void> {
    // The one before still waits for something that hangs.
    if (this.#isBeating) return this.#hold()
    this.#isBeating = true
    const moves = await this.#parts.moves()
    this.#isBeating = false
    if (!moves) return this.#hold()
    this.#isHeld = false
    const words = [...(this.#watchdogMs === undefined ? [] : ['WATCHDOG=1']), ...this.#newStatus()]
    if (words.length > 0) this.#send(...words)
  }

  #hold(): void {
    if (this.#isHeld) return
    this.#isHeld = true
    const text = 'the ledger or the helper does not answer, so the service manager is not told that all is well'
    this.#parts.log.write({ level: 'error', event: 'stuck', text, facts: {} })
  }

  #newStatus(): string[] {
    const status = printable(this.#parts.status())
    if (status === this.#told) return []
    this.#told = status
    return [`STATUS=${status}`]
  }

  #send(...words: readonly string[]): void {
    this.#last = this.#last.then(() => this.#run(words)).catch((error: unknown) => this.#failed(reasonOf(error)))
  }

  async #run(words: readonly string[]): Promise<void> {
    const { run, find } = this.#parts.tools
    const program = find(PROGRAM)
    if (program === undefined) return this.#failed(`${PROGRAM} is not installed`)
    const ran = await run({ program, args: words, env: { NOTIFY_SOCKET: this.#socket }, timeLimitMs: LIMIT_MS, onTimeLimit: 'group' })
    if (ran.code !== 0 || ran.timedOut) this.#failed(whyFailed(PROGRAM, ran))
  }

  #failed(why: string): void {
    if (this.#hasFailed) return
    this.#hasFailed = true
    this.#parts.log.write({ level: 'error', event: 'notify-failed', text: `the service manager cannot be told how we are: ${why}`, facts: {} })
  }
}

/** Undefined: none has started us that wants to know. What it says is for this process, and for none that it starts. */
export function serviceManager(environment: NodeJS.ProcessEnv, parts: ManagedParts): ServiceManager | undefined {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: usec = '', WATCHDOG_PID: pid = String(process.pid) } = environment
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete environment[name]
  if (socket === undefined || socket === '') return undefined
  const isWatched = /^[1-9]\d{0,14}$/.test(usec) && pid === String(process.pid)
  return new ServiceManager(socket, isWatched ? Number(usec) / 1000 : undefined, parts)
}
