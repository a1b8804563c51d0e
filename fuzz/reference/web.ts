import { jsonObject } from './envelopes.ts'
import { agreed, requestFields, type Reader, type Reading } from './reading.ts'
import { clfStamp, isoStamp, NONE, type Stamp } from './stamps.ts'
import { address } from './values.ts'

/**
 * Access logs, by trying every split that their formats allow. A line that can be split in two ways which differ shows nothing: the
 * client wrote what makes them differ.
 */
const TIME = String.raw`\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}`
const QUOTED = String.raw`"(?:[^"\\]|\\.)*"`
const FIELD = String.raw`(?:(?:[^ "=]+=)?${QUOTED}|[^ "]+)`

/** nginx, Apache, lighttpd: quotes inside of quotes are escaped, and only the user and the host are not quoted. */
const CLF = new RegExp(String.raw`^(?<head>.*?) \[(?<time>${TIME})\] "(?<line>(?:[^"\\]|\\.)*)" (?<status>\d{3}) (?:\d+|-)(?<tail>(?: ${FIELD})*)$`, 's')
const FORWARDED = new RegExp(String.raw`^ ${QUOTED} ${QUOTED} "(?<list>(?:[^"\\]|\\.)*)"(?: [^ "]+)*$`, 's')

export const clf: Reader = (message) => {
  const found = CLF.exec(message)?.groups
  const stamp = found && clfStamp(found['time']!)
  // Only a log that does not escape leaves a Referer empty.
  if (found === undefined || stamp === undefined || found['tail']!.startsWith(' "" ')) return []
  const request = /^(?<method>\S+) (?<path>[^ ]+)(?: HTTP\/\d(?:\.\d)?)?$/.exec(found['line']!)?.groups
  const path = request && unescapeClf(request['path']!)
  const forwardedFor = FORWARDED.exec(found['tail']!)?.groups?.['list']
  return agreed(clients(found['head']!.split(' ')).flatMap((src): Reading[] => {
    const fields = path === undefined ? undefined : requestFields({ proto: 'http', src, method: request!['method']!, path, status: Number(found['status']) })
    return fields === undefined ? [] : [{ fields, stamp, forwardedFor }]
  }))
}

/** Who may have made the connection: `CLIENT - USER`, `HOST CLIENT - USER` with blanks in the host, or lighttpd's `CLIENT HOST USER`. */
function clients(tokens: readonly string[]): string[] {
  const behind = tokens.flatMap((token, index) => (tokens[index + 1] === '-' && tokens.slice(index + 2).join(' ') !== '' ? [token] : []))
  const lighttpd = tokens.length >= 3 && tokens[2] !== '' ? [tokens[0]!] : []
  return [...behind, ...lighttpd].flatMap((token) => address(token) ?? [])
}

const LETTERS: Readonly<Record<string, string>> = { '"': '"', '\\': '\\', a: '\u0007', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

function unescapeClf(text: string): string | undefined {
  const pieces = text.match(/\\x[0-9a-fA-F]{2}|\\.|[^\\]/gs) ?? []
  const plain = pieces.map((piece) => {
    if (!piece.startsWith('\\')) return piece
    return piece.length === 4 ? String.fromCharCode(Number.parseInt(piece.slice(2), 16)) : LETTERS[piece[1]!]
  })
  return plain.includes(undefined) || pieces.join('') !== text ? undefined : plain.join('')
}

/**
 * OpenBSD httpd (server_http.c, server_log_http): the user and the agent are not escaped, so that only lines without a user are read, and the
 * path, which has no blanks, ends at the first one.
 */
const HTTPD = new RegExp(String.raw`^(?<host>[^ ]+) (?<src>[^ ]+) - - \[(?<time>${TIME})\] "(?<method>[^ ]+) (?<path>[^ ]*?)(?: HTTP/\d\.\d)?" (?<status>\d{3}) \d+(?<tail> .*)?$`, 's')

export const openbsdHttpd: Reader = (message) => {
  const found = HTTPD.exec(message)?.groups
  const [src, stamp] = [address(found?.['src']), found && clfStamp(found['time']!)]
  if (found === undefined || src === undefined || stamp === undefined) return []
  const fields = requestFields({ proto: 'http', src, method: found['method']!, path: found['path']!, status: Number(found['status']) })
  // log forwarded writes two more words, of which the client may write the first.
  const forwardedFor = /" (?<list>[^ ,"]+(?:, ?[^ ,"]+)*) [^ ]+$/.exec(found['tail'] ?? '')?.groups?.['list']
  return fields === undefined ? [] : [undefined, forwardedFor].map((list) => ({ fields, stamp, forwardedFor: list }))
}

/** Caddy (modules/caddyhttp/marshalers.go): one object of JSON a line. */
export const caddy: Reader = (message) => {
  const record = jsonObject(message)
  const shown = record?.['request'] as Readonly<Record<string, unknown>> | null | undefined
  if (record === undefined || typeof shown !== 'object' || shown === null) return []
  const isAccess = /^http\.log\.access(?:\.|$)/.test(String(record['logger'])) && record['msg'] === 'handled request'
  const [src, method, uri, status] = [shown['remote_ip'], shown['method'], shown['uri'], record['status']]
  const stamp = caddyStamp(record['ts'])
  if (!isAccess || stamp === undefined || typeof status !== 'number' || ![src, method, uri].every((value) => typeof value === 'string')) return []
  const fields = requestFields({ proto: 'http', src: address(src as string), method: method as string, path: Buffer.from(uri as string, 'utf8').toString('latin1'), status })
  const headers = shown['headers'] as Readonly<Record<string, unknown>> | null | undefined
  const lists = typeof headers === 'object' ? headers?.['X-Forwarded-For'] : undefined
  return fields === undefined ? [] : [{ fields, ...(stamp === NONE ? {} : { stamp }), forwardedFor: Array.isArray(lists) ? lists.join(',') : undefined }]
}

/** Seconds as a number, or text of one of Go's layouts. */
function caddyStamp(ts: unknown): Stamp | undefined {
  if (ts === undefined) return NONE
  if (typeof ts === 'string') return isoStamp(ts)
  return typeof ts === 'number' && ts >= 0 && ts < 253_402_300_800 ? { kind: 'epoch', at: Math.floor(ts * 1e6), resolution: Number.isInteger(ts) ? 1_000_000 : 1000 } : undefined
}

