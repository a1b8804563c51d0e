import type { FirewallName } from '../config/firewalls.ts'
import type { Outcome } from '../firewalls/firewall.ts'
import type { Helper, HelperEvents } from '../front/helper.ts'

const GONE = { kind: 'failed', why: 'the helper is not running', isUnasked: true } as const
const FIRST_MS = 500
const LONGEST_MS = 30_000

export interface KeeperParts {
  readonly start: (events: HelperEvents) => Promise<Helper>
  /** Whether it can be started again: not by a front that gave up root's rights. */
  readonly canRestart: boolean
  readonly changed: (firewall: FirewallName) => void
  readonly note: (text: string) => void
  /** It has ended; `retryMs`: when it is started again, undefined: never. */
  readonly ended: (why: string, retryMs: number | undefined) => void
  /** It was started again, and knows nothing of what was done before. */
  readonly restarted: () => void
}

/** The helper as the doors see it, also while there is none: then everything fails, and is tried again. */
export class HelperKeeper implements Helper {
  readonly #parts: KeeperParts
  #helper: Helper | undefined
  #stopped = false
  #retryMs = FIRST_MS

  constructor(parts: KeeperParts) {
    this.#parts = parts
  }

  /** Throws a KnocktailError if it cannot be started for the first time. */
  async start(): Promise<void> {
    const { start, changed, note } = this.#parts
    this.#helper = await start({ changed, note, ended: (why) => this.#ended(why) })
  }

  add: Helper['add'] = (target, entries) => this.#helper?.add(target, entries) ?? gone(entries)
  renew: Helper['renew'] = (target, entries) => this.#helper?.renew(target, entries) ?? gone(entries)
  remove: Helper['remove'] = (target, addresses) => this.#helper?.remove(target, addresses) ?? gone(addresses)
  kill: Helper['kill'] = (target, address) => this.#helper?.kill(target, address) ?? Promise.resolve(GONE)
  list: Helper['list'] = (target) => this.#helper?.list(target) ?? Promise.resolve(GONE)
  check: Helper['check'] = (target) => this.#helper?.check(target) ?? Promise.resolve([])
  spend: Helper['spend'] = (entry) => this.#helper?.spend(entry) ?? Promise.resolve(GONE)
  ping: Helper['ping'] = () => this.#helper?.ping() ?? Promise.resolve(GONE)
  reload: Helper['reload'] = () => this.#helper?.reload() ?? Promise.resolve(GONE)

  leave: Helper['leave'] = async () => {
    this.#stopped = true
    await this.#helper?.leave()
  }

  /** Whether it takes requests, or there is none now: then it is being started again, or nothing can be done but by starting us anew. */
  async answers(): Promise<boolean> {
    return this.#helper === undefined || (await this.ping()).kind === 'done' || this.#helper === undefined
  }

  /** Lets it go on alone: it closes what it opened, each at its time. */
  abandon(): void {
    this.#stopped = true
  }

  #ended(why: string): void {
    this.#helper = undefined
    if (this.#stopped) return
    const { canRestart, ended } = this.#parts
    const retryMs = canRestart ? this.#retryMs : undefined
    this.#retryMs = Math.min(2 * this.#retryMs, LONGEST_MS)
    ended(why, retryMs)
    if (retryMs !== undefined) setTimeout(() => void this.#restart(), retryMs)
  }

  async #restart(): Promise<void> {
    if (this.#stopped) return
    try {
      await this.start()
      this.#retryMs = FIRST_MS
      this.#parts.restarted()
    } catch (error) {
      this.#ended(error instanceof Error ? error.message : String(error))
    }
  }
}

function gone(items: readonly unknown[]): Promise<Outcome[]> {
  return Promise.resolve(items.map(() => GONE))
}
