import * as v from 'valibot'
import { formatTime, type Micros } from '../../parsers/time.ts'
import { jsonLine } from '../json-line.ts'
import type { LogEvent } from '../log/event.ts'

/**
 * One line of the history: a JSON object of version 1.
 *
 *     v        1
 *     time     RFC 3339 in UTC, of the knock itself where there is one
 *     event    what happened: open, extend, close, failure, scan, timeout, observed, refused, allowed, paused, lockout, trapped,
 *              scanner, capped, cooled as they are decided;
 *              opened, closed, foreign, vanished, firewall-failed ... as firewalls confirm them; source-lost, started ... of the daemon
 *     text     the same for people
 *     rule, address, user    where it is about one
 *
 * and the facts of that event: `until`, `step`, `steps`, `expected`, `got`, `why`, `firewall`, `ms`, `source`, `lines` ... Fields may be
 * added; what is there keeps its meaning as long as `v` is 1.
 */
export interface HistoryRecord {
  readonly v: 1
  readonly time: string
  readonly event: string
  readonly text: string
  readonly rule?: string | undefined
  readonly address?: string | undefined
  readonly user?: string | undefined
  readonly [fact: string]: unknown
}

/** What only helps to run the daemon, or would fill the history with itself. */
const LEFT_OUT: ReadonlySet<string> = new Set(['counters', 'renewed', 'config-changed', 'helper-note', 'source-note', 'history-refused', 'history-recovered'])

/** What the history keeps of something that was told at `now`; undefined: nothing. */
export function historyLine({ event, text, facts }: LogEvent, now: Micros): string | undefined {
  const { at, of: repeated, ...rest } = facts
  if (LEFT_OUT.has(event) || LEFT_OUT.has(String(repeated))) return undefined
  return jsonLine({ v: 1, time: typeof at === 'string' ? at : formatTime(now), event, ...rest, ...(repeated !== undefined && { of: repeated }), text })
}

const RECORD = v.looseObject({
  v: v.literal(1),
  time: v.pipe(v.string(), v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)),
  event: v.string(),
  text: v.string(),
  rule: v.optional(v.string()),
  address: v.optional(v.string()),
  user: v.optional(v.string()),
})

/** Undefined if that line is no record: a write may have been cut by a full disk. */
export function parseRecord(line: string): HistoryRecord | undefined {
  try {
    const read = v.safeParse(RECORD, JSON.parse(line))
    return read.success ? read.output : undefined
  } catch {
    return undefined
  }
}
