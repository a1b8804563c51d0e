import { EVERY_RULE, type Paused } from '../grants/paused.ts'
import type { LogEvent } from '../log/event.ts'
import type { Log } from '../log/log.ts'

/** Undefined: every rule. */
export function pausedEvent(rule: string | undefined): LogEvent {
  const who = rule === undefined ? 'opening is paused for every rule' : `opening is paused for rule ${rule}`
  return { level: 'warn', event: 'opening-paused', text: `${who}: knocks are told, and open nothing`, facts: { rule } }
}

/** `rule`: as it stands in `Paused`. */
export function resumedEvent(rule: string): LogEvent {
  const isEvery = rule === EVERY_RULE
  return { level: 'info', event: 'resumed', text: isEvery ? 'opening goes on' : `rule ${rule} opens again`, facts: { rule: isEvery ? undefined : rule } }
}

/** A restart ends no pause, but nobody shall have to wonder why nothing opens. */
export function tellPaused(paused: Paused, log: Log): void {
  for (const rule of paused.all()) log.write(pausedEvent(rule === EVERY_RULE ? undefined : rule))
}
