import { parseAddress, type Address } from './address.ts'
import { parsePort } from './event.ts'
import type { Outcome } from './parser.ts'
import { geminiRequest } from './request.ts'
import { matchAt, readClfStamp, readIsoStamp, type StampRead } from './stamps.ts'
import { hasControls } from './text.ts'
import type { Stamp } from './time.ts'

/**
 * gmid's access log in its four styles (gmid.c, log_request). Host and path of the URL are percent-decoded and not
 * escaped: they may hold blanks, quotes and whole fake records; only the peer's address, the certificate's name
 * (strnvis with VIS_WHITE), the time and the code are gmid's words. A decoded %0A ends the line in gmid's own file,
 * which no reading of lines can see: only through syslog is a record one line.
 */
export function gmidMessage(text: string, at: number, stamp: Stamp): Outcome {
  if (hasControls(text.slice(at))) return 'control-characters'
  // The style that begins with the client's own text is told by its end, which the client cannot choose.
  if (COMMON_END.test(text.slice(-6))) return readCommon(text, at)
  const iso = readIsoStamp(text, at)
  if (iso !== undefined) return iso === 'bad-time' ? iso : readCondensed(text, iso.end, iso.stamp)
  return matchAt(LEGACY_HEAD, text, at) ? readLegacy(text, at, stamp) : readCombined(text, at)
}

const COMMON_END = /^" \d\d 0$/
const COMMON_HEAD = /[^ "]* ([^ "]+) - [^ "]+ (?=\d)/y
const COMMON_TAIL = / "([^"]*)" (\d\d) 0$/y

/** `HOST ADDR - CN TIME "URL" CODE 0`: a blank or a quote in HOST or URL does not fit. */
function readCommon(text: string, at: number): Outcome {
  const head = matchAt(COMMON_HEAD, text, at)
  const src = head ? parseAddress(head[1]!) : undefined
  if (src === undefined) return 'ambiguous'
  const time = readTime(text, COMMON_HEAD.lastIndex)
  if (time === undefined || time === 'bad-time') return time ?? 'ambiguous'
  const tail = matchAt(COMMON_TAIL, text, time.end)
  return tail ? outcome(src, tail[1]!, tail[2]!, time.stamp) : 'ambiguous'
}

const COMBINED_HEAD = /([^ ]+) - [^ ]+ \[/y
const COMBINED_TAIL = /\] "([^"]*)" (\d\d) 0 "-" ""$/y

/** `ADDR - CN [TIME] "URL" CODE 0 "-" ""`. */
function readCombined(text: string, at: number): Outcome {
  const head = matchAt(COMBINED_HEAD, text, at)
  if (!head) return 'not-this-dialect'
  const src = parseAddress(head[1]!)
  if (src === undefined) return 'bad-address'
  const time = readTime(text, COMBINED_HEAD.lastIndex)
  if (time === undefined || time === 'bad-time') return time ?? 'not-this-dialect'
  const tail = matchAt(COMBINED_TAIL, text, time.end)
  return tail ? outcome(src, tail[1]!, tail[2]!, time.stamp) : 'ambiguous'
}

const CONDENSED = / ([^ ]+) [^ ]+ [^ ]+ ([^ ]+) 0 0 (\d\d)(?= |$)/y
const CODE_WITH_SIZES = / 0 0 \d\d(?: |$)/

/** `TIME ADDR CN HOST URL 0 0 CODE META`: HOST or URL may hold `0 0 CODE`, so there must be only one. */
function readCondensed(text: string, at: number, stamp: Stamp): Outcome {
  const [, peer = ''] = text.slice(at, at + 64).split(' ')
  const src = parseAddress(peer)
  if (src === undefined) return 'not-this-dialect'
  const found = matchAt(CONDENSED, text, at)
  if (!found) return 'malformed-request'
  if (CODE_WITH_SIZES.test(text.slice(CONDENSED.lastIndex))) return 'ambiguous'
  return outcome(src, found[2]!, found[3]!, stamp)
}

const LEGACY_HEAD = /([^ ]+):([^ :]+) GET /y
const LEGACY_TAIL = /([^ ]+) (\d\d)(?= |$)/y
const CODE = / \d\d(?: |$)/

/** `ADDR:PORT GET URL CODE META`, the default, without a time: URL may hold a code, so there must be only one. */
function readLegacy(text: string, at: number, stamp: Stamp): Outcome {
  const [, peer = '', port = ''] = matchAt(LEGACY_HEAD, text, at) ?? []
  const src = parseAddress(peer)
  if (src === undefined || parsePort(port) === undefined) return 'bad-address'
  const found = matchAt(LEGACY_TAIL, text, LEGACY_HEAD.lastIndex)
  if (!found) return 'malformed-request'
  return CODE.test(text.slice(LEGACY_TAIL.lastIndex)) ? 'ambiguous' : outcome(src, found[1]!, found[2]!, stamp)
}

/** gmid 2 prints `20/Nov2026:23:36:56 +0000`: the format in log_request lacks a slash. */
function readTime(text: string, at: number): StampRead {
  const read = readClfStamp(text, at)
  if (read !== undefined) return read
  const month = at + 'dd/Mon'.length
  const mended = readClfStamp(`${text.slice(at, month)}/${text.slice(month, month + 19)}`, 0)
  return mended === undefined || mended === 'bad-time' ? mended : { stamp: mended.stamp, end: at + mended.end - 1 }
}

function outcome(src: Address, url: string, code: string, stamp: Stamp): Outcome {
  const fields = geminiRequest(src, url, code)
  return typeof fields === 'string' ? fields : { stamp, fields }
}
