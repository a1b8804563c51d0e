import { parseAddress } from './address.ts'
import type { Outcome } from './parser.ts'
import { requestOfBytes } from './request.ts'
import { matchAt, readClfStamp } from './stamps.ts'

const HEAD = /[^ ]+ ([^ ]+) - /y
const ANONYMOUS = '- ['
/** The query may hold `"`, but no blank. */
const REQUEST = /\] "([^ ]+) ([^ ]*) HTTP\/\d\.\d" (\d{3}) \d{1,20}(?= "|$)/y
const SIMPLE_REQUEST = /\] "([^ ]+) ([^ ]*)" (\d{3}) \d{1,20}(?= "|$)/y
/** XFF and XFP of the style `forwarded`. Nothing there is quoted: any quote more, or a blank without a comma, is somebody's invention. */
const FORWARDED_FOR = / "[^"]*" "[^"]*" ([^ ,"]+(?:, ?[^ ,"]+)*) (?:\d{1,5}|-)$/y

/**
 * OpenBSD httpd(8), log style common, combined or forwarded (server_http.c, server_log_http):
 * `SERVER ADDR - USER [TIME] "METHOD PATH HTTP/x.y" STATUS BYTES "REFERER" "AGENT" XFF XFP`.
 * The user is logged before the password is checked and is not quoted: only `-` is accepted. `:` ends a user name, so
 * none that begins with `-` can hold a time. The agent's `"` is not escaped either: behind BYTES only XFF is read, and only if the
 * line can be read in no other way.
 * The path is httpd's own spelling, decoded, cleaned and encoded again (url_encode: `&` becomes `%26`).
 */
export function openbsdHttpdMessage(text: string, at: number): Outcome {
  const head = matchAt(HEAD, text, at)
  if (!head) return 'not-this-dialect'
  const user = HEAD.lastIndex
  const src = parseAddress(head[1]!)
  if (src === undefined) return 'bad-address'
  const time = text.startsWith(ANONYMOUS, user) ? readClfStamp(text, user + ANONYMOUS.length) : undefined
  if (time === undefined) return 'ambiguous'
  if (time === 'bad-time') return time
  const found = matchAt(REQUEST, text, time.end) ?? matchAt(SIMPLE_REQUEST, text, time.end)
  if (!found) return 'malformed-request'
  const fields = requestOfBytes({ proto: 'http', src, method: found[1]!, path: found[2]!, status: Number(found[3]) })
  if (typeof fields === 'string') return fields
  return { stamp: time.stamp, fields, forwardedFor: matchAt(FORWARDED_FOR, text, time.end + found[0].length)?.[1] }
}
