import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { watch, type FSWatcher } from 'chokidar'
import type { Config } from '../config/config.ts'
import type { Answer } from '../control/controlled.ts'
import { count } from '../count.ts'
import { KnocktailError } from '../error.ts'
import type { Helper } from '../front/helper.ts'
import type { Log } from '../log/log.ts'
import { requireTrusted } from '../trust.ts'
import type { Daemon } from './daemon.ts'
import type { Following } from './following.ts'
import { fixedKey, lossOf } from './reload-loss.ts'
import { loadRunConfig, type RunOptions } from './run-config.ts'

export interface ReloadParts {
  readonly daemon: Daemon
  readonly following: Following
  readonly helper: Pick<Helper, 'reload'>
  readonly log: Log
}

/** An editor writes a file in several steps. */
const SETTLED_MS = 500

/** The configuration while we run: read anew when asked, and looked at when it changes. The old one stays in force on any error. */
export class Reloading {
  readonly #options: RunOptions
  readonly #parts: ReloadParts
  #watcher: FSWatcher | undefined
  #settled: NodeJS.Timeout | undefined
  /** What the file was when it was told of: an editor's steps are one change. */
  #told: string | undefined
  /** It was told that the file is another than the one in force. */
  #isOther = false

  constructor(options: RunOptions, parts: ReloadParts) {
    this.#options = options
    // As it was loaded a moment ago, with rights that may be given up by the time it is looked at again.
    this.#told = textOf(options.config)
    this.#parts = parts
  }

  /** `force`: also if it takes away what a shorter file would. */
  async reload(force = false): Promise<Answer> {
    const { daemon, following, helper, log } = this.#parts
    const config = await this.#load(force)
    if (Array.isArray(config)) return this.#refuse(config)
    const outcome = await helper.reload()
    if (outcome.kind !== 'done') return this.#refuse([`the helper refuses it: ${'why' in outcome ? outcome.why : outcome.kind}`])
    daemon.reload(config)
    await following.follow(config.sources)
    const text = `${count(config.rules.length, 'rule')}, ${count(config.sources.length, 'source')}`
    log.write({ level: 'info', event: 'config-loaded', text, facts: {} })
    return { ok: true, text: `loaded: ${text}` }
  }

  #refuse(faults: readonly string[]): Answer {
    const kept = 'the old configuration stays in force'
    for (const fault of faults) this.#parts.log.write({ level: 'error', event: 'config-refused', text: `${kept}: ${fault}`, facts: {} })
    return { ok: false, why: [`${kept}:`, ...faults].join('\n') }
  }

  /** A changed file is looked at and told of, not loaded: it may be half written, or cut by a full disk. */
  watch(): void {
    const config = resolve(this.#options.config)
    this.#watcher = watch(dirname(config), { depth: 0, ignoreInitial: true, ignored: (path, stats) => stats?.isFile() === true && path !== config })
    // It may have been changed while the watch was being set up.
    for (const sign of ['ready', 'raw', 'all'] as const) this.#watcher.on(sign, () => this.#look())
    this.#watcher.on('error', () => {})
  }

  async stop(): Promise<void> {
    clearTimeout(this.#settled)
    await this.#watcher?.close()
  }

  #look(): void {
    clearTimeout(this.#settled)
    this.#settled = setTimeout(() => void this.#tellChange(), SETTLED_MS)
  }

  async #tellChange(): Promise<void> {
    const text = textOf(this.#options.config)
    // That it cannot be read was told at start, if so.
    if (text === undefined || text === this.#told) return
    this.#told = text
    const { log, daemon } = this.#parts
    const config = await this.#load(false)
    const isSame = !Array.isArray(config) && sameConfig(config, daemon.config)
    if (Array.isArray(config)) {
      for (const fault of config) log.write({ level: 'error', event: 'config-changed', text: `it was changed, and cannot be loaded as it is: ${fault}`, facts: {} })
    } else if (isSame) {
      if (this.#isOther) log.write({ level: 'info', event: 'config-same', text: 'the configuration is again the one that is in force', facts: {} })
    } else {
      log.write({ level: 'info', event: 'config-changed', text: 'the configuration was changed: knocktail reload or SIGHUP loads it', facts: {} })
    }
    this.#isOther = !isSame
  }

  #fixedSource({ sources }: Config): string | undefined {
    const name = this.#parts.following.fixed(sources)
    return name === undefined ? undefined : `source ${name} was opened with rights that were given up: its change takes effect only at a restart`
  }

  /** The configuration, or all that speaks against it. */
  async #load(force: boolean): Promise<Config | string[]> {
    const { config: before } = this.#parts.daemon
    try {
      const config = await loadRunConfig(this.#options)
      requireTrusted(config)
      const fault = (force ? undefined : lossOf(before, config)) ?? fixedKey(before, config) ?? this.#fixedSource(config)
      return fault === undefined ? config : [fault]
    } catch (error) {
      if (error instanceof KnocktailError) return error.message.split('\n')
      throw error
    }
  }
}

function sameConfig(one: Config, other: Config): boolean {
  const text = ({ rules, ...rest }: Config): string => JSON.stringify([{ ...rest, warnings: [] }, rules.map((rule) => [rule.match.name, rule.text])])
  return text(one) === text(other)
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
