import type { Clocks } from '../clocks.ts'
import type { Helper } from '../front/helper.ts'
import type { Log } from '../log/log.ts'
import type { EventBatch } from '../sources/source.ts'
import { Canary } from './canary.ts'
import { ownAddress, sendPacket } from './canary-packet.ts'
import { Checks } from './checks.ts'
import type { Daemon } from './daemon.ts'
import type { Following } from './following.ts'
import { Silence } from './silence.ts'

const CHECK_MS = 60_000
const LOOK_MS = 1000

export interface AlarmParts {
  readonly daemon: Pick<Daemon, 'config'>
  readonly following: () => Pick<Following, 'sources'>
  readonly helper: Pick<Helper, 'check'>
  readonly clocks: Clocks
  readonly log: Log
}

/** Whatever would make the daemon useless in silence is looked for while there is still somebody who can get in. */
export class Alarms {
  readonly checks: Checks
  readonly #parts: AlarmParts
  readonly #silence: Silence
  readonly #canary: Canary
  readonly #timers: NodeJS.Timeout[] = []

  constructor(parts: AlarmParts) {
    const { daemon, helper, clocks, log } = parts
    this.#parts = parts
    this.checks = new Checks(helper, log)
    this.#silence = new Silence(clocks, log)
    this.#canary = new Canary({ clocks, log, config: () => daemon.config, send: sendPacket, address: ownAddress })
  }

  start(): void {
    const { daemon } = this.#parts
    void this.checks.look(daemon.config)
    this.#timers.push(setInterval(() => void this.checks.look(daemon.config), CHECK_MS), setInterval(() => this.#look(), LOOK_MS))
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer)
  }

  /** What is read, without our own packets. */
  filter(batch: EventBatch): EventBatch {
    return this.#canary.filter(batch)
  }

  #look(): void {
    const { daemon, following } = this.#parts
    const { sources } = following()
    this.#silence.look(daemon.config.sources, (name) => sources.find((source) => source.name === name)?.stats.heard?.at)
    this.#canary.look()
  }
}
