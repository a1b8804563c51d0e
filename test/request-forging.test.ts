import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clfMessage } from '../parsers/clf.ts'
import { gmidMessage } from '../parsers/gmid.ts'
import { jetforceMessage } from '../parsers/jetforce.ts'
import { openbsdHttpdMessage } from '../parsers/openbsd-httpd.ts'
import type { Dialect } from '../parsers/parser.ts'
import { reading } from './support/request-outcome.ts'

/** Each writer prints what its server would for a client at this address whose request is answered with this. */
const CLIENT = '192.0.2.7'
const CODE = 51
const STATUS = 404
const TIME = '20/Nov/2026:23:36:58 +0000'

const PIECES = [
  ' ', ' ', ' ', '"', '-', '- -', '/', ':', '[', ']', '\\', 'x', '20', '0', ' 0 0 20 ', '" 20 0', '203.0.113.66', '2001:db8::66',
  '203.0.113.66:1', ' GET ', 'gemini://x/knock', `[${TIME}] "`, TIME, '2026-11-20T23:36:58Z', 'GET /knock HTTP/1.1', '" 200 5', ' "-" ""',
]
const hostile = fc.array(fc.constantFrom(...PIECES), { maxLength: 14 }).map((pieces) => pieces.join(''))
const user = hostile.map((text) => text.replace(/:.*/s, ''))
const texts = fc.record({ host: hostile, user, path: hostile, agent: hostile })
type Texts = typeof texts extends fc.Arbitrary<infer T> ? T : never

/** The client and the code are the real ones, or there is no event. */
function expectHonest(message: Dialect['message'], write: (texts: Texts) => string, code: number): void {
  const read = reading(message)
  let events = 0
  fc.assert(fc.property(texts, (written) => {
    const line = write(written)
    const outcome = read(line)
    if (!outcome.includes(' ')) return
    events++
    expect(`${outcome.split(' ')[0]} ${outcome.split(' ').at(-1)}`, line).toBe(`${CLIENT} ${code}`)
  }), { numRuns: 4000 })
  expect(events).toBeGreaterThan(0)
}

const escaped = (text: string): string => text.replace(/["\\]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`)

const tail = ({ path, agent }: Texts): string =>
  `[${TIME}] "GET /${escaped(path)} HTTP/1.1" ${STATUS} 153 "-" "${escaped(agent)}" "${escaped(path)}"`

describe('the common log format', () => {
  it.each<[string, (texts: Texts) => string]>([
    ['combined', (written) => `${CLIENT} - ${escaped(written.user)} ${tail(written)}`],
    ['the host first', (written) => `${escaped(written.host)} ${CLIENT} - ${escaped(written.user)} ${tail(written)}`],
    ['the host and port first', (written) => `${escaped(written.host)}:80 ${CLIENT} - - ${tail(written)}`],
    ['lighttpd', (written) => `${CLIENT} ${escaped(written.host)} - ${tail(written)}`],
  ])('%s', (_name, write) => {
    expectHonest(clfMessage, write, STATUS)
  })
})

it('OpenBSD httpd', () => {
  expectHonest(openbsdHttpdMessage, ({ user: name, path, agent }) => {
    const query = path.replaceAll(' ', '')
    return `example.org ${CLIENT} - ${name} [${TIME}] "GET /?${query} HTTP/1.1" ${STATUS} 0 "" "${agent}" ${agent} -`
  }, STATUS)
})

describe('gmid', () => {
  it.each<[string, (texts: Texts) => string]>([
    ['legacy', ({ host, path }) => `${CLIENT}:40112 GET gemini://${host}/${path} ${CODE} not found`],
    ['legacy, the request repeated', ({ host, path }) => `${CLIENT}:40112 GET gemini://${host}/${path} ${CODE} ${path}`],
    ['condensed', ({ host, path }) => `2026-11-20T23:36:56+0000 ${CLIENT} - ${host} gemini://${host}/${path} 0 0 ${CODE} no`],
    ['condensed, the request repeated', ({ host, path }) =>
      `2026-11-20T23:36:56+0000 ${CLIENT} - ${host} gemini://${host}/${path} 0 0 ${CODE} ${path}`],
    ['common', ({ host, path }) => `${host} ${CLIENT} - - ${TIME} "gemini://${host}/${path}" ${CODE} 0`],
    ['combined', ({ host, path }) => `${CLIENT} - - [${TIME}] "gemini://${host}/${path}" ${CODE} 0 "-" ""`],
  ])('%s', (_style, write) => {
    expectHonest(gmidMessage, write, CODE)
  })
})

it('jetforce', () => {
  expectHonest(jetforceMessage, ({ host, path }) => `${CLIENT} [${TIME}] "gemini://${host}/${path}" ${CODE} ${path} 15`, CODE)
})
