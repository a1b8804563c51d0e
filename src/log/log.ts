import pino from 'pino'
import picocolors from 'picocolors'
import { formatTime, forPeople } from '../../parsers/time.ts'
import { machineClocks, type Clocks } from '../clocks.ts'
import { reasonOf } from '../error.ts'
import { printable } from '../printable.ts'
import { openDestination, type Destination } from './destination.ts'
import type { Level, LogEvent } from './event.ts'
import { Summary } from './summary.ts'

/** Where the daemon tells what happens. */
export interface Log {
  readonly write: (event: LogEvent) => void
  /** After the file was rotated: it is opened anew under its name. */
  readonly reopen: () => void
  /** Tells what was held back, at the end. */
  readonly end: () => void
}

/**
 * JSON lines to that file, or to standard output; on a terminal lines for people. `also` gets what is written there. Throws a KnocktailError
 * if the file cannot be opened.
 */
export function openLog(path: string | undefined, clocks: Clocks = machineClocks(), also: (event: LogEvent) => void = () => {}): Log {
  const both = (write: (event: LogEvent) => void) => (event: LogEvent): void => {
    write(event)
    also(event)
  }
  if (path === undefined && process.stdout.isTTY) return summarised(both(writeForPeople(clocks)), () => {}, clocks)
  const destination = openDestination(path, (count) => write(dropped(count)))
  const logger = pino({ base: null, level: 'debug', messageKey: 'text', timestamp: () => `,"time":"${formatTime(clocks.wall())}"` }, destination)
  const write = ({ level, event, text, facts }: LogEvent): void => logger[level]({ event, ...clean(facts) }, printable(text))
  return summarised(both(write), () => (path === undefined ? undefined : reopen(destination, write)), clocks)
}

function dropped(count: number): LogEvent {
  return { level: 'warn', event: 'log-dropped', text: `${count} lines are missing here: this log was not read, or there was no room for it`, facts: { count } }
}

/** With a failed reopen the old file goes on being written. */
function reopen(destination: Destination, write: (event: LogEvent) => void): void {
  try {
    destination.reopen()
  } catch (error) {
    write({ level: 'error', event: 'log-not-reopened', text: `the log file cannot be opened anew: ${reasonOf(error)}`, facts: {} })
  }
}

function summarised(write: (event: LogEvent) => void, reopenFile: () => void, clocks: Clocks): Log {
  const summary = new Summary(write, clocks)
  const timer = setInterval(() => summary.flush(), 1000)
  timer.unref()
  return {
    write: (event) => summary.write(event),
    reopen: reopenFile,
    end: () => {
      clearInterval(timer)
      summary.end()
    },
  }
}

const COLORS: Readonly<Record<Level, (text: string) => string>> = {
  debug: picocolors.dim, info: (text) => text, warn: picocolors.yellow, error: picocolors.red,
}

function writeForPeople(clocks: Clocks): (event: LogEvent) => void {
  return ({ level, event, text }) => {
    process.stdout.write(`${forPeople(formatTime(clocks.wall()))}  ${COLORS[level](`${event.padEnd(16)}  ${printable(text)}`)}\n`)
  }
}

/** Whoever reads the log with `cat` must be safe from what strangers wrote. */
function clean(facts: LogEvent['facts']): Record<string, unknown> {
  return Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, typeof value === 'string' ? printable(value) : value]))
}
