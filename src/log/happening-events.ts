import type { Config } from '../config/config.ts'
import { happeningRecord, type Happening } from '../happening.ts'
import { happeningText } from '../story.ts'
import type { Level, LogEvent } from './event.ts'

const LEVELS: Readonly<Record<Happening['event'], Level>> = {
  open: 'info', extend: 'info', close: 'info', observed: 'info', allowed: 'info',
  failure: 'warn', scan: 'warn', timeout: 'info', refused: 'warn', paused: 'warn',
  lockout: 'warn', trapped: 'warn', scanner: 'warn', capped: 'warn', cooled: 'info',
}

export function happeningLogEvent(happening: Happening, config: Config): LogEvent {
  const { rule, address, user } = happening
  const { event: _, time, ...facts } = happeningRecord(happening)
  const who = user === undefined ? address : `${address} (${user})`
  return {
    level: LEVELS[happening.event],
    event: happening.event,
    text: `${rule === undefined ? '' : `${rule}: `}${who} ${happeningText(happening, config)}`,
    facts: { ...(facts as LogEvent['facts']), at: String(time) },
  }
}
