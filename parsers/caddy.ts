import { parseAddress } from './address.ts'
import type { Request } from './event.ts'
import type { Outcome } from './parser.ts'
import type { Reason } from './reason.ts'
import { request } from './request.ts'
import { epochSeconds, readIsoStamp } from './stamps.ts'
import { readJsonObject } from './text.ts'
import type { Stamp } from './time.ts'

/** `http.log.access`, or with the name of the log behind it (`http.log.access.log0`). */
const LOGGER = /^http\.log\.access(?:\.|$)/

/**
 * Caddy's access log, one JSON object a request (modules/caddyhttp/server.go, logRequest; marshalers.go).
 * `client_ip` is what the trusted_proxies' headers claim; `remote_ip` made the connection.
 */
export function caddyMessage(text: string, at: number, stamp: Stamp): Outcome {
  const record = readJsonObject(at === 0 ? text : text.slice(at))
  if (record === undefined || !isAccess(record)) return 'not-this-dialect'
  const time = readTime(record['ts'], stamp)
  if (time === 'bad-time') return time
  const fields = readRequest(record)
  return typeof fields === 'string' ? fields : { stamp: time, fields, forwardedFor: readForwardedFor(record) }
}

function isAccess(record: Record<string, unknown>): boolean {
  return record['msg'] === 'handled request' && typeof record['logger'] === 'string' && LOGGER.test(record['logger'])
}

/** `ts` has any format that the configuration names; what is neither seconds nor ISO 8601 is not guessed. */
function readTime(ts: unknown, stamp: Stamp): Stamp | 'bad-time' {
  if (ts === undefined) return stamp
  if (typeof ts === 'number') return epochSeconds(ts) ?? 'bad-time'
  const read = typeof ts === 'string' ? readIsoStamp(ts, 0) : undefined
  return read === undefined || read === 'bad-time' || read.end !== String(ts).length ? 'bad-time' : read.stamp
}

function readRequest({ request: shown, status }: Record<string, unknown>): Request | Reason {
  if (!isObject(shown)) return 'not-this-dialect'
  const { remote_ip: remote, method, uri } = shown
  if (typeof remote !== 'string' || remote === '') return 'no-client'
  const src = parseAddress(remote)
  if (src === undefined) return 'bad-address'
  if (typeof method !== 'string' || typeof uri !== 'string') return 'malformed-request'
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 0 || status > 999) return 'bad-number'
  return request({ proto: 'http', src, method, path: uri, status })
}

/** The header may be there several times: all of them are one list. */
function readForwardedFor({ request: shown }: Record<string, unknown>): string | undefined {
  const headers = isObject(shown) ? shown['headers'] : undefined
  const lists = isObject(headers) ? headers['X-Forwarded-For'] : undefined
  return Array.isArray(lists) ? lists.join(',') : undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
