import { matchAt, readCtimeStamp, readIsoStamp, readSyslogStamp, seconds, type StampRead } from '../stamps.ts'
import { MICROSECOND, MINUTE, monthNumber, timeOfDay, type Stamp } from '../time.ts'
import { isKernelPriority, type Opened } from './envelope.ts'

const RAW_PRIORITY = /<(\d{1,4})>/y
const DECODED_PRIORITY = /([a-z0-9]{2,8}) *:[a-z]{3,6} *: /y
const UPTIME = /\[ *(\d{1,10})\.(\d{6})(?: < *\d+\.\d{6}>)?\] /y
const DELTA = /\[(?:< *(\d{1,10})\.(\d{6})>| *\+(\d{1,10})\.(\d{6}))\] /y
const RELTIME = /\[([A-Z][a-z]{2}) ?(\d{1,2}) (\d\d):(\d\d)\] /y
/** `HOST TAG[PID]: ` behind the bracket is journalctl's work (short-monotonic), not dmesg's. A tag may hold blanks. */
const JOURNAL_TAG = /\S{1,255} (?:kernel: |unknown: |.{1,255}\[\d{1,10}\]: )/y

/**
 * dmesg's prints of the kernel's ring (util-linux, dmesg.c): `[ 1261.704253] message`, `-T`, `-d`, `-x`, `-r` and
 * the `--time-format`s. The ring also holds what user space wrote into it; only -x and -r show which.
 */
export function openPrintk(text: string): Opened {
  const priority = readPriority(text)
  const read = readBracket(text, priority.end) ?? readIsoWithComma(text, priority.end)
  if (read === undefined || read === 'bad-time') return read
  if (matchAt(JOURNAL_TAG, text, read.end)) return undefined
  return { stamp: read.stamp, tag: 'kernel', fromKernel: priority.kernel, text, at: read.end }
}

function readPriority(text: string): { kernel: boolean; end: number } {
  const raw = matchAt(RAW_PRIORITY, text, 0)
  if (raw) return { kernel: isKernelPriority(Number(raw[1])), end: RAW_PRIORITY.lastIndex }
  const decoded = matchAt(DECODED_PRIORITY, text, 0)
  return decoded ? { kernel: decoded[1] === 'kern', end: DECODED_PRIORITY.lastIndex } : { kernel: true, end: 0 }
}

function readBracket(text: string, at: number): StampRead {
  if (text.charCodeAt(at) !== 91) return undefined
  const uptime = matchAt(UPTIME, text, at)
  if (uptime) return span('uptime', uptime[1]!, uptime[2]!, UPTIME.lastIndex)
  const delta = matchAt(DELTA, text, at)
  if (delta) return span('since-previous', (delta[1] ?? delta[3])!, (delta[2] ?? delta[4])!, DELTA.lastIndex)
  return readReltime(text, at) ?? readBracketed(text, at)
}

function span(kind: 'uptime' | 'since-previous', whole: string, decimals: string, end: number): StampRead {
  return { stamp: { kind, at: seconds(whole, decimals), resolution: MICROSECOND }, end }
}

/** `[Nov20 23:32] `: where --reltime prints a whole date, it prints it to the minute. */
function readReltime(text: string, at: number): StampRead {
  const found = matchAt(RELTIME, text, at)
  if (!found) return undefined
  const [, month, day, hour, minute] = found
  const sinceMidnight = timeOfDay(Number(hour), Number(minute), 0)
  if (sinceMidnight === undefined || monthNumber(month!) === 0) return 'bad-time'
  const local = { year: undefined, month: monthNumber(month!), day: Number(day), sinceMidnight }
  const stamp: Stamp = { kind: 'local', at: local, resolution: MINUTE }
  return { stamp, end: RELTIME.lastIndex }
}

function readBracketed(text: string, at: number): StampRead {
  const read = readCtimeStamp(text, at + 1) ?? readSyslogStamp(text, at + 1)
  if (read === undefined || read === 'bad-time') return read
  return text.startsWith('] ', read.end) ? { stamp: read.stamp, end: read.end + 2 } : undefined
}

/** dmesg --time-format=iso: a comma before the decimals, no host behind. */
function readIsoWithComma(text: string, at: number): StampRead {
  if (text.charCodeAt(at + 19) !== 44) return undefined
  const read = readIsoStamp(text, at)
  if (read === undefined || read === 'bad-time') return read
  // dmesg always prints the zone: without it the stamp is cut.
  return text.charCodeAt(read.end) === 32 && read.stamp.kind === 'epoch' ? { stamp: read.stamp, end: read.end + 1 } : undefined
}
