import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { watch, type FSWatcher } from 'chokidar'
import type { Config } from '../config/config.ts'
import { KnocktailError } from '../error.ts'
import { plannedTargets } from '../firewalls/targets.ts'
import type { Helper } from '../front/helper.ts'
import type { Log } from '../log/log.ts'
import { requireTrusted } from '../trust.ts'
import type { Daemon } from './daemon.ts'
import type { Following } from './following.ts'
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
  #told = ''

  constructor(options: RunOptions, parts: ReloadParts) {
    this.#options = options
    this.#parts = parts
  }

  async reload(): Promise<void> {
    const { daemon, following, helper, log } = this.#parts
    const config = await this.#load('config-refused', 'the old configuration stays in force')
    if (!config) return
    const outcome = await helper.reload()
    if (outcome.kind !== 'done') {
      const why = 'why' in outcome ? outcome.why : outcome.kind
      log.write({ level: 'error', event: 'config-refused', text: `the helper refuses the configuration, the old one stays in force: ${why}`, facts: {} })
      return
    }
    daemon.reload(config)
    await following.follow(config.sources)
    log.write({ level: 'info', event: 'config-loaded', text: `${config.rules.length} rules, ${config.sources.length} sources`, facts: {} })
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
    const text = await readFile(this.#options.config, 'utf8').catch(() => '')
    if (text === this.#told) return
    this.#told = text
    const config = await this.#load('config-changed', 'it was changed, and cannot be loaded as it is')
    if (!config || sameConfig(config, this.#parts.daemon.config)) return
    this.#parts.log.write({ level: 'info', event: 'config-changed', text: 'the configuration was changed: SIGHUP loads it', facts: {} })
  }

  #fixedSource({ sources }: Config): string | undefined {
    const name = this.#parts.following.fixed(sources)
    return name === undefined ? undefined : `source ${name} was opened with rights that were given up: its change takes effect only at a restart`
  }

  async #load(event: string, meaning: string): Promise<Config | undefined> {
    try {
      const config = await loadRunConfig(this.#options)
      requireTrusted(config)
      const loss = lossOf(this.#parts.daemon.config, config) ?? this.#fixedSource(config)
      if (loss === undefined) return config
      this.#parts.log.write({ level: 'error', event, text: `${meaning}: ${loss}`, facts: {} })
    } catch (error) {
      if (!(error instanceof KnocktailError)) throw error
      for (const line of error.message.split('\n')) this.#parts.log.write({ level: 'error', event, text: `${meaning}: ${line}`, facts: {} })
    }
    return undefined
  }
}

/** What a shorter file would take away: such a file is more likely cut than meant. Undefined: nothing of weight. */
function lossOf(before: Config, after: Config): string | undefined {
  if (after.rules.length === 0 && before.rules.length > 0) return 'it has no rule any more: restart if this is meant'
  const lists = after.alwaysAllow.map(({ text }) => text)
  const gone = before.alwaysAllow.find(({ text }) => !lists.includes(text))
  if (gone) return `always_allow ${gone.text} is gone: restart if this is meant`
  const firewalls = new Set([...plannedTargets(after).values()].map(({ target }) => target.firewall))
  const lost = [...plannedTargets(before).values()].find(({ target }) => !firewalls.has(target.firewall))
  if (lost) return `nothing uses the firewall ${lost.target.firewall} any more: restart if this is meant`
  const fixed = (['stateDir', 'user', 'log', 'historySize', 'historyKeep', 'runDir'] as const).find((name) => before[name] !== after[name])
  return fixed && `${NAMES[fixed]} takes effect only at a restart`
}

const NAMES = { stateDir: 'state_dir', user: 'user', log: 'log', historySize: 'history_size', historyKeep: 'history_keep', runDir: 'run_dir' } as const

function sameConfig(one: Config, other: Config): boolean {
  const text = ({ rules, ...rest }: Config): string => JSON.stringify([{ ...rest, warnings: [] }, rules.map((rule) => [rule.match.name, rule.text])])
  return text(one) === text(other)
}
