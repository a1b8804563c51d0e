import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { isOwnNft } from './nft-session.ts'
import { ENVIRONMENT, findProgram } from './run.ts'

export interface NftMonitorOptions {
  readonly program: string
  /** Somebody else changed the ruleset of nf_tables, or may have. */
  readonly changed: () => void
  readonly isOwn?: (pid: number) => boolean
  /** How long a change waits to be told. Changes come in swarms, and all of one swarm are told once. @default 50 ms */
  readonly delayMs?: () => number
}

export interface NftMonitor {
  readonly stop: () => void
}

const DELAY_MS = 50
const LEAST_BETWEEN_MS = 500
const RESTART_MS = { first: 1000, longest: 60_000 } as const

/** So long it must have run for the next restart to come soon again. */
const GOOD_RUN_MS = 60_000

/** What `nft monitor` prints after each transaction. */
const GENERATION = /^# new generation \d+ by process (\d+) /

/** Listens to the kernel telling of changes of the ruleset. Elements that expire are no change. */
export function watchNft(options: NftMonitorOptions): NftMonitor {
  const bell = new Bell(options.changed, options.delayMs ?? (() => DELAY_MS))
  const isOwn = options.isOwn ?? isOwnNft
  let child: ChildProcess | undefined
  let restart: NodeJS.Timeout | undefined
  let waitMs: number = RESTART_MS.first
  const start = (): void => {
    const since = performance.now()
    child = startMonitor(options.program, (pid) => {
      if (!isOwn(pid)) bell.ring()
    }, () => {
      waitMs = performance.now() - since > GOOD_RUN_MS ? RESTART_MS.first : Math.min(2 * waitMs, RESTART_MS.longest)
      restart = setTimeout(() => {
        start()
        // Nobody was listening meanwhile.
        bell.ring()
      }, waitMs)
      restart.unref()
    })
  }
  start()
  return {
    stop: () => {
      clearTimeout(restart)
      bell.stop()
      child?.removeAllListeners('close')
      child?.kill()
    },
  }
}

function startMonitor(program: string, told: (pid: number) => void, ended: () => void): ChildProcess {
  const [command = program, ...args] = endingWithUs([program, 'monitor'])
  const child: ChildProcess = spawn(command, args, { env: ENVIRONMENT, cwd: '/', detached: true, stdio: ['ignore', 'pipe', 'ignore'] })
  child.on('error', () => {})
  child.on('close', ended)
  if (child.stdout) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const pid = GENERATION.exec(line)?.[1]
      if (pid !== undefined) told(Number(pid))
    })
  }
  return child
}

/** If we are killed, it would notice only when it has a change to tell: so the kernel ends it, where setpriv(1) can ask for that. */
function endingWithUs(argv: readonly string[]): readonly string[] {
  const setpriv = findProgram('setpriv')
  return setpriv === undefined ? argv : [setpriv, '--pdeathsig', 'TERM', ...argv]
}

/** Tells once of many rings: soon after the first, and then not again too soon. */
class Bell {
  readonly #tell: () => void
  readonly #delayMs: () => number
  #timer: NodeJS.Timeout | undefined
  #last = Number.NEGATIVE_INFINITY

  constructor(tell: () => void, delayMs: () => number) {
    this.#tell = tell
    this.#delayMs = delayMs
  }

  ring(): void {
    if (this.#timer) return
    const waitMs = Math.max(this.#delayMs(), this.#last + LEAST_BETWEEN_MS - performance.now())
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#last = performance.now()
      this.#tell()
    }, waitMs)
    this.#timer.unref()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}
