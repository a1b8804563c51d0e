import { describe, expect, it } from 'vitest'
import { caddyMessage } from '../parsers/caddy.ts'
import { MICROSECOND, type Micros, type Stamp } from '../parsers/time.ts'
import { reading, sample, timing } from './support/request-outcome.ts'

const read = reading(caddyMessage)
const time = timing(caddyMessage)

const ENTRY = {
  ts: 1795217816.75, logger: 'http.log.access', msg: 'handled request', status: 404,
  request: { remote_ip: '192.0.2.7', client_ip: '203.0.113.66', method: 'GET', uri: '/knock' },
}
const entry = (changes: object): string => JSON.stringify({ ...ENTRY, ...changes })
const request = (changes: object): string => entry({ request: { ...ENTRY.request, ...changes } })

describe('its log', () => {
  it('gives requests, and nothing else', () => {
    expect(sample('caddy/access.log').map(read)).toEqual([
      '192.0.2.7 GET /knock?a=%41 404',
      '2001:db8::7 GET /knock 200',
      '192.0.2.7 GET /x","remote_ip":"203.0.113.66 502',
      'not-this-dialect',
      'not-this-dialect',
      'control-characters',
      'bad-time',
      'not-this-dialect',
    ])
  })

  it.each([
    [entry({ logger: 'http.log.access.log0' }), '192.0.2.7 GET /knock 404'],
    [entry({ logger: 'http.log.accessory' }), 'not-this-dialect'],
    [entry({ logger: 'x.http.log.access' }), 'not-this-dialect'],
    [entry({ logger: undefined }), 'not-this-dialect'],
    [entry({ msg: 'handled requests' }), 'not-this-dialect'],
    [entry({ request: undefined }), 'not-this-dialect'],
    [entry({ request: null }), 'not-this-dialect'],
    [entry({ status: '404' }), 'bad-number'],
    [entry({ status: 404.5 }), 'bad-number'],
    [entry({ status: undefined }), 'bad-number'],
    [request({ remote_ip: undefined }), 'no-client'],
    [request({ remote_ip: '' }), 'no-client'],
    [request({ remote_ip: '@' }), 'bad-address'],
    [request({ remote_ip: ['192.0.2.7'] }), 'no-client'],
    [request({ method: 'get' }), 'malformed-request'],
    [request({ method: undefined }), 'malformed-request'],
    [request({ uri: '' }), 'malformed-request'],
    [request({ uri: '/a b' }), 'malformed-request'],
    [request({ uri: '/aESC31m' }).replace('ESC', '\\u009b'), 'control-characters'],
    [` ${entry({})}`, 'not-this-dialect'],
    [`${entry({})}x`, 'not-this-dialect'],
    [entry({}).slice(0, -2), 'not-this-dialect'],
    ['{}', 'not-this-dialect'],
    ['', 'not-this-dialect'],
  ])('%s', (line, expected) => {
    expect(read(line)).toBe(expected)
  })

  it('is UTF-8', () => {
    const bytes = Buffer.from(request({ uri: '/café' }), 'utf8').toString('latin1')
    expect(read(bytes)).toBe('192.0.2.7 GET /café 404')
    expect(read(bytes.replace('\xc3\xa9', '\xe9'))).toBe('not-this-dialect')
  })

  it('begins behind its envelope', () => {
    const outcome = caddyMessage(`tag: ${entry({ ts: undefined })}`, 5, WRAPPED)
    expect(outcome).toMatchObject({ stamp: WRAPPED, fields: { src: '192.0.2.7' } })
  })
})

const WRAPPED: Stamp = { kind: 'epoch', at: 7 as Micros, resolution: MICROSECOND }

describe('its time', () => {
  it.each([
    [1795217816.75, '2026-11-20T23:36:56.750000Z'],
    [1795217816, '2026-11-20T23:36:56.000000Z'],
    ['2026-11-20T23:36:57.104+0100', '2026-11-20T22:36:57.104000Z'],
    ['2026-11-20T23:36:57Z', '2026-11-20T23:36:57.000000Z'],
    [1795217816750, 'bad-time'],
    [-1, 'bad-time'],
    ['2026-11-20T25:36:57Z', 'bad-time'],
    ['2026-11-20T23:36:57Z and more', 'bad-time'],
    ['2026/11/20 23:36:57', 'bad-time'],
    [null, 'bad-time'],
    [undefined, 'none'],
  ])('%s', (ts, expected) => {
    expect(time(entry({ ts }))).toBe(expected)
  })
})
