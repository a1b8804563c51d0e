import { parseAddress } from './address.ts'
import type { Outcome } from './parser.ts'
import { geminiRequest } from './request.ts'
import { matchAt, readClfStamp } from './stamps.ts'
import { hasControls } from './text.ts'

const HEAD = /([^ ]+) \[/y
const ENTRY = /\] "([^"]*)" (\d\d) (.*) \d{1,19}$/y
const STATUS = /" \d\d /

/**
 * jetforce (jetforce/protocol.py, log_request): `ADDR [TIME] "URL" STATUS META SIZE`, META in quotes in some versions.
 * URL is the request as it came, and META may repeat it: where a second quote is followed by a status, which is the
 * real one is not known. Requests end at CR LF there, so a bare LF in one ends the line of the log: what follows it
 * is the client's, which no reading of lines can see.
 */
export function jetforceMessage(text: string, at: number): Outcome {
  if (hasControls(text.slice(at))) return 'control-characters'
  const head = matchAt(HEAD, text, at)
  if (!head) return 'not-this-dialect'
  const time = readClfStamp(text, HEAD.lastIndex)
  if (time === undefined || time === 'bad-time') return time ?? 'not-this-dialect'
  const src = parseAddress(head[1]!)
  if (src === undefined) return 'bad-address'
  const entry = matchAt(ENTRY, text, time.end)
  if (!entry) return 'malformed-request'
  if (STATUS.test(entry[3]!)) return 'ambiguous'
  const fields = geminiRequest(src, entry[1]!, entry[2]!)
  return typeof fields === 'string' ? fields : { stamp: time.stamp, fields }
}
