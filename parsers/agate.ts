import { parseAddress } from './address.ts'
import type { Outcome } from './parser.ts'
import { geminiRequest } from './request.ts'
import { matchAt, readIsoStamp } from './stamps.ts'
import { hasControls } from './text.ts'
import { unescapeRust } from './unescape.ts'

/** env_logger pads the level to five characters. */
const LEVEL = / (?:INFO |WARN |ERROR) agate\] /y
const ENTRY = /[^ ]+ ([^ ]+) "((?:[^"\\]|\\.)*)" (\d\d) "(?:[^"\\]|\\.)*"(?: error:[^"]*)?$/y

/**
 * agate (src/main.rs, RequestHandle): `[TIME LEVEL agate] LOCAL:PORT REMOTE "REQUEST" STATUS "META"`, maybe with
 * ` error:` behind. REMOTE is `-` unless agate runs with --log-ip. The request is escaped (str::escape_default);
 * early versions did not, and a quote in it then does not fit.
 */
export function agateMessage(text: string, at: number): Outcome {
  if (hasControls(text.slice(at))) return 'control-characters'
  const time = text.charCodeAt(at) === 91 ? readIsoStamp(text, at + 1) : undefined
  if (time === undefined || time === 'bad-time') return time ?? 'not-this-dialect'
  const entry = matchAt(LEVEL, text, time.end) ? matchAt(ENTRY, text, LEVEL.lastIndex) : null
  if (!entry) return 'not-this-dialect'
  const [, remote = '', request = '', status = ''] = entry
  if (remote === '-') return 'no-client'
  const src = parseAddress(remote)
  if (src === undefined) return 'bad-address'
  const url = unescapeRust(request)
  const fields = url === undefined ? 'not-this-dialect' : geminiRequest(src, url, status)
  return typeof fields === 'string' ? fields : { stamp: time.stamp, fields }
}
