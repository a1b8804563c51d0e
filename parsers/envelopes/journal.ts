import { encodeUtf8, readJsonObject } from '../text.ts'
import { matchAt, readIsoStamp, seconds } from '../stamps.ts'
import { MICROSECOND, type Micros, type Stamp } from '../time.ts'
import { openHostTag } from './host-tag.ts'
import type { Opened } from './envelope.ts'

/** One object a line of `journalctl -o json` (systemd.journal-fields(7)); `_` fields are journald's own word. */
export function openJournalJson(text: string): Opened {
  const record = readJsonObject(text)
  if (record === undefined || typeof record['__REALTIME_TIMESTAMP'] !== 'string') return undefined
  const at = microseconds(record['__REALTIME_TIMESTAMP'])
  if (at === undefined) return 'bad-time'
  const message = record['MESSAGE']
  // journald prints a message with control characters as an array of its bytes.
  if (typeof message !== 'string') return 'control-characters'
  const fromKernel = record['_TRANSPORT'] === 'kernel' && record['SYSLOG_FACILITY'] === '0'
  const stamp = fromKernel ? kernelStamp(record, at) : epochStamp(at)
  const tag = record['SYSLOG_IDENTIFIER']
  return { stamp, tag: typeof tag === 'string' ? tag : undefined, fromKernel, text: encodeUtf8(message), at: 0 }
}

function epochStamp(at: Micros): Stamp {
  return { kind: 'epoch', at, resolution: MICROSECOND }
}

/** journald keeps the stamp that /dev/kmsg gave the record. `__` fields say when journald read it, which may be an hour later. */
function kernelStamp(record: Readonly<Record<string, unknown>>, at: Micros): Stamp {
  const uptime = microseconds(record['_SOURCE_MONOTONIC_TIMESTAMP'])
  const monotonic = microseconds(record['__MONOTONIC_TIMESTAMP'])
  if (uptime === undefined || monotonic === undefined) return epochStamp(at)
  return { kind: 'recorded', at, monotonic, uptime, resolution: MICROSECOND }
}

/** Decimal digits only: `Number` would also read `0x10` and `1e3`. */
function microseconds(text: unknown): Micros | undefined {
  return typeof text === 'string' && /^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text)) ? (Number(text) as Micros) : undefined
}

const FULL = /[A-Z][a-z]{2} (?=\d{4}-\d\d-\d\d )/y
const ZONE = / ([A-Z]{2,5}|[+-]\d{2,4}) /y
const UNIX = /(\d{9,11})\.(\d{6}) /y
const MONOTONIC = /\[ *(\d{1,10})\.(\d{6})(?: < *\d+\.\d{6} >)?\] /y

/** journalctl's text forms that syslog files do not have: short-full, with-unit, short-unix, -monotonic, -delta. */
export function openJournalText(text: string): Opened {
  const unix = matchAt(UNIX, text, 0)
  if (unix) return openHostTag(text, UNIX.lastIndex, exact('epoch', unix), true)
  const monotonic = matchAt(MONOTONIC, text, 0)
  if (monotonic) return openHostTag(text, MONOTONIC.lastIndex, exact('uptime', monotonic), true)
  return matchAt(FULL, text, 0) ? openShortFull(text, FULL.lastIndex) : undefined
}

function exact(kind: 'epoch' | 'uptime', found: RegExpExecArray): Stamp {
  return { kind, at: seconds(found[1]!, found[2]!), resolution: MICROSECOND }
}

/** `Fri 2026-11-20 23:36:56 UTC HOST TAG: `. Zone abbreviations are not unique: all but UTC are local time. */
function openShortFull(text: string, at: number): Opened {
  const read = readIsoStamp(text, at)
  if (read === undefined || read === 'bad-time') return read
  const zone = matchAt(ZONE, text, read.end)
  if (!zone) return undefined
  const end = ZONE.lastIndex
  const inZone = zone[1] === 'UTC' ? readIsoStamp(`${text.slice(at, read.end)}Z`, 0) : read
  return inZone === undefined || inZone === 'bad-time' ? inZone : openHostTag(text, end, inZone.stamp, true)
}
