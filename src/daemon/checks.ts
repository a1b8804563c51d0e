import type { Config } from '../config/config.ts'
import type { Finding } from '../firewalls/firewall.ts'
import { plannedTargets } from '../firewalls/targets.ts'
import type { Helper } from '../front/helper.ts'
import type { LogEvent } from '../log/event.ts'
import type { Log } from '../log/log.ts'

/** What keeps the firewalls from working on this machine: looked for again and again, and told when it comes and when it goes. */
export class Checks {
  readonly #helper: Pick<Helper, 'check'>
  readonly #log: Log
  #found: ReadonlyMap<string, LogEvent> = new Map()
  #looking: Promise<void> | undefined

  constructor(helper: Pick<Helper, 'check'>, log: Log) {
    this.#helper = helper
    this.#log = log
  }

  /** Resolves when all was looked at; a look that is going on is shared. */
  look(config: Config): Promise<void> {
    this.#looking ??= this.#look(config).finally(() => (this.#looking = undefined))
    return this.#looking
  }

  async #look(config: Config): Promise<void> {
    const found = new Map<string, LogEvent>()
    for (const { id, target, rules } of plannedTargets(config).values()) {
      for (const finding of await this.#helper.check(id)) {
        const event = findingEvent(finding, target.firewall, rules)
        found.set(`${event.level} ${target.firewall} ${finding.message}`, event)
      }
    }
    for (const [key, event] of this.#found) if (!found.has(key)) this.#log.write({ ...event, level: 'info', event: 'finding-gone', text: `no longer: ${event.text}` })
    for (const [key, event] of found) if (!this.#found.has(key)) this.#log.write(event)
    this.#found = found
  }
}

function findingEvent({ severity, message }: Finding, firewall: string, rules: readonly string[]): LogEvent {
  const level = severity === 'error' ? 'error' : 'warn'
  return { level, event: 'finding', text: `firewall ${firewall} (${rules.join(', ')}): ${message}`, facts: { firewall, message } }
}
