import { SECOND, type Micros } from '../../parsers/time.ts'
import type { Clocks } from '../clocks.ts'
import type { SourceConfig } from '../config/config.ts'
import { formatDuration } from '../config/duration.ts'
import type { Log } from '../log/log.ts'

/** Sees sources fall silent for longer than their `quiet_after`: a rule that logs no more makes no noise. */
export class Silence {
  readonly #clocks: Pick<Clocks, 'boot'>
  readonly #log: Log
  /** When a source was first looked at, until it is heard. */
  readonly #since = new Map<string, Micros>()
  readonly #quiet = new Set<string>()

  constructor(clocks: Pick<Clocks, 'boot'>, log: Log) {
    this.#clocks = clocks
    this.#log = log
  }

  /** `heardAt`: when the last line came that was understood, by the boot clock. */
  look(sources: readonly SourceConfig[], heardAt: (source: string) => Micros | undefined): void {
    const now = this.#clocks.boot()
    for (const { name, quietAfter } of sources) {
      if (!this.#since.has(name)) this.#since.set(name, now)
      const silent = now - Math.max(this.#since.get(name)!, heardAt(name) ?? 0)
      const isQuiet = quietAfter !== undefined && silent >= quietAfter
      if (isQuiet === this.#quiet.has(name)) continue
      if (isQuiet) this.#begin(name, quietAfter)
      else this.#end(name, quietAfter === undefined ? 0 : silent)
    }
  }

  #begin(source: string, quietAfter: Micros): void {
    this.#quiet.add(source)
    const text = `source ${source}: nothing that is understood came for ${formatDuration(quietAfter)} (quiet_after)`
    this.#log.write({ level: 'error', event: 'source-quiet', text, facts: { source } })
  }

  #end(source: string, silent: number): void {
    this.#quiet.delete(source)
    this.#log.write({ level: 'info', event: 'source-heard', text: `source ${source} was heard again, ${Math.round(silent / SECOND)} s ago`, facts: { source } })
  }
}
