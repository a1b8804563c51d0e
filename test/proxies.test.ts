import { appendFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAddress } from '../parsers/address.ts'
import { findDialect, parseLine } from '../parsers/dialects.ts'
import { parseNetwork } from '../parsers/network.ts'
import { DEFAULT_CONTEXT, isParsed } from '../parsers/parser.ts'
import { refusal } from '../src/grants/admission.ts'
import { withClient } from '../src/sources/client.ts'
import { config, problems } from './support/config.ts'
import { decide } from './support/decisions.ts'
import { eventually } from './support/eventually.ts'
import { followed, sourceConfig } from './support/followed.ts'
import { useFolder } from './support/run.ts'

/** Who is the client of a request that one of our proxies forwards. */

const folder = useFolder()

const PROXY = '127.0.0.1'
const OUTER = '10.7.0.9'
const CLIENT = '198.51.100.7'
const LIAR = '203.0.113.66'
const PROXIES = ['127.0.0.1', '10.7.0.0/16', '2001:db8:7::/48'].map((text) => parseNetwork(text)!)

const TIME = '20/Nov/2026:23:36:58 +0000'
const escaped = (text: string): string => text.replace(/["\\]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`)

interface Sent {
  readonly peer: string
  /** X-Forwarded-For as it came from the proxy; undefined: there was none. */
  readonly header: string | undefined
  readonly agent?: string
  readonly port?: string
}

/** How each log prints it. The port is what a client wrote into X-Forwarded-Port, which OpenBSD's httpd prints behind it. */
const LOGS: Readonly<Record<string, { readonly parser: string; readonly write: (sent: Sent) => string }>> = {
  'nginx, main': { parser: 'clf', write: ({ peer, header, agent = '-' }) => `${peer} - - [${TIME}] "GET /k HTTP/1.1" 404 9 "-" "${escaped(agent)}" "${escaped(header ?? '-')}"` },
  'nginx, host first, a time behind': {
    parser: 'clf', write: ({ peer, header, agent = '-' }) => `example.org ${peer} - - [${TIME}] "GET /k HTTP/1.1" 404 9 "-" "${escaped(agent)}" "${escaped(header ?? '-')}" 0.004`,
  },
  'OpenBSD httpd, forwarded': {
    parser: 'openbsd-httpd',
    write: ({ peer, header, agent = '', port = '-' }) => `example.org ${peer} - - [${TIME}] "GET /k HTTP/1.1" 404 9 "" "${agent}" ${header ?? '-'} ${port}`,
  },
  Caddy: {
    parser: 'caddy',
    write: ({ peer, header, agent = '' }) => JSON.stringify({
      ts: 1795217818, logger: 'http.log.access', msg: 'handled request', status: 404,
      request: { remote_ip: peer, client_ip: LIAR, method: 'GET', uri: '/k', headers: { 'User-Agent': [agent], ...(header !== undefined && { 'X-Forwarded-For': header.split(/;/) }) } },
    }),
  },
}

function clientOf(name: string, sent: Sent, proxies = PROXIES): string {
  const { parser, write } = LOGS[name]!
  const outcome = parseLine(findDialect(parser)!, write(sent), DEFAULT_CONTEXT)
  if (!(typeof outcome === 'object' && isParsed(outcome))) return typeof outcome === 'string' ? outcome : outcome.reason
  const fields = withClient(outcome, proxies)
  return typeof fields === 'string' ? fields : fields.src
}

describe.each(Object.keys(LOGS))('%s', (name) => {
  it.each<[what: string, header: string | undefined, client: string]>([
    ['one address', CLIENT, CLIENT],
    ['what the client wrote before it', `${LIAR}, ${CLIENT}`, CLIENT],
    ['anything before it', `<script>, x, ,, ${CLIENT}`, name.startsWith('OpenBSD') ? 'no-forwarded-client' : CLIENT],
    ['a proxy behind it', `${LIAR},${CLIENT},${OUTER}`, CLIENT],
    ['IPv6', '2001:DB8::7', '2001:db8::7'],
    ['a mapped address', `::ffff:${CLIENT}, 2001:db8:7::1`, CLIENT],
    ['no header', undefined, 'no-forwarded-client'],
    ['only proxies', `${OUTER}, ${PROXY}`, 'no-forwarded-client'],
    ['a name', `${CLIENT}, example.org`, 'no-forwarded-client'],
    ['a name behind a proxy', `${CLIENT}, unknown, ${OUTER}`, 'no-forwarded-client'],
    ['nothing', `${CLIENT},`, 'no-forwarded-client'],
    ['a port', `${CLIENT}:4711`, 'no-forwarded-client'],
  ])('%s', (_what, header, client) => {
    expect(clientOf(name, { peer: PROXY, header })).toBe(client)
  })

  it('believes no header of anybody else, nor any without configured proxies', () => {
    expect(clientOf(name, { peer: CLIENT, header: LIAR })).toBe(CLIENT)
    expect(clientOf(name, { peer: PROXY, header: LIAR }, [])).toBe(PROXY)
  })

  it('nothing that a client sends makes another address his, as long as the nearest proxy appends the one he has', () => {
    const pieces = [LIAR, `${LIAR}`, OUTER, ' ', ',', ', ', '"', '\\', '-', '443', '80', '[', ']', ':', `" ${LIAR} 443`, ` ${LIAR} -`, 'x', '{', '}', '0.1']
    const hostile = fc.array(fc.constantFrom(...pieces), { maxLength: 10 }).map((some) => some.join('').trim())
    let read = 0
    fc.assert(fc.property(hostile, hostile, hostile, fc.boolean(), (written, agent, port, isChained) => {
      const header = [written, CLIENT, ...(isChained ? [OUTER] : [])].filter((part) => part !== '').join(', ')
      const client = clientOf(name, { peer: PROXY, header, agent, port: port || '-' })
      if (parseAddress(client) === undefined) return
      read++
      expect(client).toBe(CLIENT)
    }), { numRuns: 4000 })
    expect(read).toBeGreaterThan(50)
  })
})

it('a log whose last quoted field is the agent names no client', () => {
  const line = `${PROXY} - - [${TIME}] "GET /k HTTP/1.1" 404 9 "-" "${LIAR}"`
  const outcome = parseLine(findDialect('clf')!, line, DEFAULT_CONTEXT)
  expect(typeof outcome === 'object' && isParsed(outcome) && withClient(outcome, PROXIES)).toBe('no-forwarded-client')
})

const CONFIG = (proxies: string): string => `[knocktail]
firewall = null
${proxies}
[web]
sequence = GET /k
ports = 22/tcp
`

it('replay opens for whom a configured proxy forwards, and never for a proxy', async () => {
  const { write } = LOGS['nginx, main']!
  const line = write({ peer: '10.7.0.9', header: `${LIAR}, ${CLIENT}` })
  expect(await decide(CONFIG('proxies = 10.7.0.0/16'), 'clf', [line])).toEqual({ opened: [CLIENT], events: 1, reasons: [] })
  expect((await decide(CONFIG(''), 'clf', [line])).opened).toEqual(['10.7.0.9'])
  expect(await decide(CONFIG('proxies = 10.7.0.0/16'), 'clf', [write({ peer: '10.7.0.9', header: undefined })]))
    .toEqual({ opened: [], events: 0, reasons: ['no-forwarded-client'] })
  const lists = config(CONFIG('proxies = 10.7.0.0/16'))
  expect(refusal(parseAddress('10.7.0.9')!, lists)).toEqual({ kind: 'refused', why: 'a configured proxy' })
})

it('a log that is followed is read by the proxies of the time, so that a reload counts at once', async () => {
  const path = folder.write('access.log', '')
  let proxies = PROXIES
  const source = followed(sourceConfig({ kind: 'file', path }, { parser: 'clf' }), { proxies: () => proxies })
  await eventually(() => expect(source.runs).toBe(1))
  const line = `${LOGS['nginx, main']!.write({ peer: PROXY, header: CLIENT })}\n`
  appendFileSync(path, line)
  await eventually(() => expect(source.events.map(({ src }) => src)).toEqual([CLIENT]))
  proxies = []
  appendFileSync(path, line)
  await eventually(() => expect(source.events.map(({ src }) => src)).toEqual([CLIENT, PROXY]))
  await source.live.stop()
})

it('proxies are networks', () => {
  expect(problems(CONFIG('proxies = front.example.org'))).toEqual([expect.stringContaining('t.conf:3: proxies: "front.example.org" is no address')])
})
