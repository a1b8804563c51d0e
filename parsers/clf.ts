import { parseAddress, type Address } from './address.ts'
import type { Outcome, Parsed } from './parser.ts'
import type { Reason } from './reason.ts'
import { requestOfBytes } from './request.ts'
import { matchAt, readClfStamp } from './stamps.ts'
import { hasControls } from './text.ts'
import type { Stamp } from './time.ts'
import { unescapeClf } from './unescape.ts'

/**
 * The common and combined log formats: nginx (ngx_http_combined_fmt), Apache (LogFormat common, combined,
 * vhost_combined), lighttpd (mod_accesslog's default), with any further fields behind them.
 * `ADDR - USER [TIME] "REQUEST" STATUS BYTES "REFERER" "AGENT"`, or with a host before or behind the address.
 * Every part but ADDR, TIME, STATUS and BYTES is the client's own text. `"` is always escaped, so what lies before
 * the request cannot hold `] "`; a client named by DNS (HostnameLookups On) is no address and gives no event.
 */
export function clfMessage(text: string, at: number): Outcome {
  if (hasControls(text.slice(at))) return 'control-characters'
  const time = findTime(text, at)
  if (time === undefined || time === 'bad-time') return time ?? 'not-this-dialect'
  const src = readClient(text.slice(at, time.start).split(' '))
  if (typeof src === 'object') return src.reason
  const entry = readEntry(text, time.end, src)
  return typeof entry === 'string' ? entry : { stamp: time.stamp, ...entry }
}

interface Time { readonly stamp: Stamp; readonly start: number; readonly end: number }

/** The first whole ` [TIME] "`: user names end at their first `:`, so none can hold one. */
function findTime(text: string, at: number): Time | 'bad-time' | undefined {
  for (let start = text.indexOf(' [', at); start >= 0; start = text.indexOf(' [', start + 1)) {
    const read = readClfStamp(text, start + 2)
    if (read === 'bad-time') return read
    if (read !== undefined && text.startsWith('] "', read.end)) return { stamp: read.stamp, start, end: read.end + 3 }
  }
  return undefined
}

interface Disbelieved { readonly reason: Reason }

/**
 * The client among the words before the time. Who may choose the first word may write any address there (the Host
 * header of a format that begins with `$host`), so an address is only believed at a place that no client can choose.
 */
function readClient(words: readonly string[]): Address | Disbelieved {
  const [first = '', second = '', third] = words
  const src = parseAddress(first)
  if (src !== undefined && second === '-') return checkUser(src, words.slice(2))
  // lighttpd's `%h %V %u`: the Host header is second, and whoever is not logged in is `-`.
  if (src !== undefined) return words.length === 3 && third === '-' ? src : { reason: 'ambiguous' }
  const behindHost = parseAddress(second)
  if (behindHost !== undefined && third === '-') return checkUser(behindHost, words.slice(3))
  return { reason: second === '-' ? 'bad-address' : 'not-this-dialect' }
}

/**
 * A user name may hold blanks, but an address among its words may be the real client, pushed there by blanks in a
 * Host header. An empty one is nginx's `escape=none`, where quotes are forged.
 */
function checkUser(src: Address, words: readonly string[]): Address | Disbelieved {
  if (words[0] === undefined || words[0] === '') return { reason: 'not-this-dialect' }
  return words.some((word) => parseAddress(word) !== undefined) ? { reason: 'ambiguous' } : src
}

const REQUEST = /((?:[^"\\]|\\.)*)" (\d{3}) (?:\d{1,19}|-)/y
const REQUEST_LINE = /^([^ ]+) ([^ ]+)(?: HTTP\/\d(?:\.\d)?)?$/
/** A quoted string, with or without a name (`rt="0.1"`), or a bare word. */
const FIELD = / (?:(?:[^ "=]{1,64}=)?"(?:[^"\\]|\\.)*"|[^ "]+)/y

function readEntry(text: string, at: number, src: Address): Pick<Parsed, 'fields' | 'forwardedFor'> | Reason {
  const found = matchAt(REQUEST, text, at)
  if (!found) return 'not-this-dialect'
  const tail = REQUEST.lastIndex
  const wrong = checkTail(text, tail)
  if (wrong !== undefined) return wrong
  const line = REQUEST_LINE.exec(found[1]!)
  if (!line) return 'malformed-request'
  const path = unescapeClf(line[2]!)
  if (path === undefined) return 'not-this-dialect'
  const fields = requestOfBytes({ proto: 'http', src, method: line[1]!, path, status: Number(found[2]) })
  return typeof fields === 'string' ? fields : { fields, forwardedFor: matchAt(FORWARDED_FOR, text, tail)?.[1] }
}

/** `"$http_x_forwarded_for"` behind referer and agent, as nginx's `main` has it, and no quotes behind it. */
const FORWARDED_FOR = / "(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*" "((?:[^"\\]|\\.)*)"(?: [^ "]+)*$/y

/** Little in the tail is used, but the line must be whole: a quote that was not escaped shows itself here. */
function checkTail(text: string, at: number): Reason | undefined {
  // A missing Referer is `-`. Only unescaped logs (nginx's escape=none) leave it empty.
  if (text.startsWith(' "" ', at)) return 'ambiguous'
  for (let end = at; end < text.length; end = FIELD.lastIndex) {
    if (!matchAt(FIELD, text, end)) return 'not-this-dialect'
  }
  return undefined
}
