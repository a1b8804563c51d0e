import type { ParseContext, Refused } from './parser.ts'
import type { Reason } from './reason.ts'
import { matchAt, readIsoStamp, readSyslogStamp, readTimeOfDay, seconds, type StampRead } from './stamps.ts'
import { FIRST_INSTANT, fraction, MICROSECOND, SECOND, timeOfDay, type Micros, type Stamp } from './time.ts'

/**
 * The stamps that OpenBSD's tcpdump (util.c, ts_print) and upstream's (util-print.c, ts_print) put before a packet.
 * The same option means different things to them, so the form decides, not the option:
 *   `1700000000.500000 `             OpenBSD -tt, -tttt, -ttttt; upstream -tt
 *   ` 00:00:05.998374 ` `-00:00:05.000000 `   upstream -ttt, -ttttt: the blank or the sign is part of the stamp
 *   `22:13:20.500000 `               both, without an option
 *   `Sep 28 03:50:22.683986 `        OpenBSD -ttt
 *   `2023-11-14 22:13:20.500000 `    upstream -tttt
 *   `000145 ` `3. 000145 `           upstream -ttt before 4.0
 */
const SPAN = /([ -])(\d\d):(\d\d):(\d\d)\.(\d{9}|\d{6}) /y
const SECONDS = /(-?\d{1,10})\.(\d{9}|\d{6}) /y
const OLD_DELTA = /(?:(\d{1,5})\. )?(\d{6}) /y

const TAB = 9
const BLANK = 32
const MINUS = 45
const COLON = 58

/** The stamp that begins at `at`, and where the packet begins behind it; undefined if there is none. */
export function readTcpdumpStamp(text: string, at: number, spans: ParseContext['spans']): StampRead {
  const first = text.charCodeAt(at)
  if (first === BLANK || first === MINUS) return readSpan(text, at, spans) ?? readSeconds(text, at, spans)
  if (first >= 65) return beforeBlank(text, readSyslogStamp(text, at))
  if (text.charCodeAt(at + 2) === COLON) return beforeBlank(text, readTimeOfDay(text, at))
  if (text.charCodeAt(at + 4) === MINUS) return beforeBlank(text, readIsoStamp(text, at))
  return readSeconds(text, at, spans) ?? readOldDelta(text, at)
}

/**
 * What a line that wears an envelope takes for its time: its own instant or wall clock; its own span only where the
 * envelope says nothing, because the span's base may lie in another file.
 */
export function chooseStamp(envelope: Stamp, own: Stamp | undefined): Stamp {
  if (own === undefined) return envelope
  return isSpan(own) && own.at < FIRST_INSTANT && envelope.kind !== 'none' ? envelope : own
}

/** A line that gives no event: its span still counts for the lines that follow. */
export function refusedLine(reason: Reason, envelope: Stamp, own: Stamp | undefined): Refused | Reason {
  const stamp = chooseStamp(envelope, own)
  return isSpan(stamp) ? { stamp, reason } : reason
}

function isSpan(stamp: Stamp): stamp is Stamp & { readonly kind: ParseContext['spans'] } {
  return stamp.kind === 'since-first' || stamp.kind === 'since-previous'
}

/** rsyslog keeps the blank between tag and message (envelopes/rfc5424.ts); two blanks are tcpdump's own. */
export function skipSocketBlank(text: string, at: number): number {
  if (at === 0 || text.charCodeAt(at) !== BLANK) return at
  return isBlank(text.charCodeAt(at + 1)) ? at : at + 1
}

export function isBlank(code: number): boolean {
  return code === BLANK || code === TAB
}

function beforeBlank(text: string, read: StampRead): StampRead {
  if (read === undefined || read === 'bad-time') return read
  return text.charCodeAt(read.end) === BLANK ? { stamp: read.stamp, end: read.end + 1 } : undefined
}

function readSpan(text: string, at: number, kind: ParseContext['spans']): StampRead {
  const found = matchAt(SPAN, text, at)
  if (!found) return undefined
  const [, sign, hours, minutes, secs, decimals] = found
  const size = timeOfDay(Number(hours), Number(minutes), Number(secs), fraction(decimals!))
  if (size === undefined) return 'bad-time'
  return span(kind, sign === '-' ? -size : size, SPAN.lastIndex)
}

/** Older OpenBSD prints the seconds of a negative difference unsigned: -1 is 4294967295. No epoch is that late. */
const UNSIGNED_WRAP = 2 ** 32
const LAST_EPOCH_SECOND = 4_200_000_000

/** timersub keeps the microseconds positive: `-1.999999` is one microsecond before the base. */
function readSeconds(text: string, at: number, kind: ParseContext['spans']): StampRead {
  const found = matchAt(SECONDS, text, at)
  if (!found) return undefined
  const printed = Number(found[1])
  const whole = printed > LAST_EPOCH_SECOND ? printed - UNSIGNED_WRAP : printed
  return span(kind, whole * SECOND + fraction(found[2]!), SECONDS.lastIndex)
}

function readOldDelta(text: string, at: number): StampRead {
  const found = matchAt(OLD_DELTA, text, at)
  return found ? span('since-previous', seconds(found[1] ?? '0', found[2]!), OLD_DELTA.lastIndex) : undefined
}

function span(kind: ParseContext['spans'], size: number, end: number): StampRead {
  return { stamp: { kind, at: size as Micros, resolution: MICROSECOND }, end }
}
