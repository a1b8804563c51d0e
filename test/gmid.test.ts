import { describe, expect, it } from 'vitest'
import { openIso } from '../parsers/envelopes/iso.ts'
import { openRfc3164 } from '../parsers/envelopes/rfc3164.ts'
import { gmidMessage } from '../parsers/gmid.ts'
import { reading, sample, shown, timing } from './support/request-outcome.ts'

const read = reading(gmidMessage)
const time = timing(gmidMessage)

describe('the four styles', () => {
  it.each([
    ['legacy', [
      '192.0.2.7 GET /knock 51',
      '2001:db8::7 GET /knock?q=1 20',
      '192.0.2.7 GET / 30',
      'malformed-request',
      'ambiguous',
      'ambiguous',
      'malformed-request',
      'not-this-dialect',
      'not-this-dialect',
    ]],
    ['condensed', [
      '192.0.2.7 GET /knock 51', '2001:db8::7 GET /knock 20', 'ambiguous', 'ambiguous', 'malformed-request',
    ]],
    ['common', [
      '192.0.2.7 GET /knock 51', '2001:db8::7 GET /knock 20',
      'ambiguous', 'ambiguous', 'ambiguous', 'ambiguous', 'malformed-request',
    ]],
    ['combined', ['192.0.2.7 GET /knock 51', '2001:db8::7 GET /knock 20', 'ambiguous', 'malformed-request']],
  ])('%s', (style, expected) => {
    expect(sample(`gmid/${style}.log`).map((line) => read(line))).toEqual(expected)
  })

  it('through syslog', () => {
    const outcomes = sample('gmid/syslog.log').map((line) => {
      const envelope = openIso(line) ?? openRfc3164(line)
      if (envelope === undefined || typeof envelope === 'string') return `no envelope: ${envelope}`
      return `${envelope.tag}: ${shown(gmidMessage(envelope.text, envelope.at, envelope.stamp))}`
    })
    expect(outcomes).toEqual([
      'gmid: 192.0.2.7 GET /knock 51', 'gmid: 2001:db8::7 GET /knock 51', 'gmid: not-this-dialect',
    ])
  })
})

describe('the time', () => {
  it.each([
    ['192.0.2.7:1 GET gemini://h/a 51 no', 'none'],
    ['2026-11-20T23:36:56+0100 192.0.2.7 - h gemini://h/a 0 0 51 no', '2026-11-20T22:36:56.000000Z'],
    ['h 192.0.2.7 - - 20/Nov2026:23:36:56 +0100 "gemini://h/a" 51 0', '2026-11-20T22:36:56.000000Z'],
    ['h 192.0.2.7 - - 20/Nov/2026:23:36:56 +0100 "gemini://h/a" 51 0', '2026-11-20T22:36:56.000000Z'],
    ['192.0.2.7 - - [20/Nov2026:23:36:56 +0100] "gemini://h/a" 51 0 "-" ""', '2026-11-20T22:36:56.000000Z'],
    ['192.0.2.7 - - [20/Nov/2026:23:36:56 +0100] "gemini://h/a" 51 0 "-" ""', '2026-11-20T22:36:56.000000Z'],
    ['192.0.2.7 - - [31/Nov2026:23:36:56 +0100] "gemini://h/a" 51 0 "-" ""', 'bad-time'],
    ['h 192.0.2.7 - - 31/Nov2026:23:36:56 +0100 "gemini://h/a" 51 0', 'bad-time'],
    ['2026-13-20T23:36:56+0100 192.0.2.7 - h gemini://h/a 0 0 51 no', 'bad-time'],
  ])('%s', (line, expected) => {
    expect(time(line)).toBe(expected)
  })
})

describe('the URL', () => {
  it.each([
    ['gemini://h', '/'],
    ['gemini://h/', '/'],
    ['gemini://h?q', '/?q'],
    ['gemini://h/a"b', '/a"b'],
    ['gemini://h/a%20b?x#y', '/a%20b?x#y'],
    ['gemini://h:1966/caf\xc3\xa9', '/café'],
  ])('%s has the path %s', (url, path) => {
    expect(read(`192.0.2.7:1 GET ${url} 51 no`)).toBe(`192.0.2.7 GET ${path} 51`)
  })

  it.each([
    ['https://h/a', 'malformed-request'],
    ['gemini:///a', 'malformed-request'],
    ['//h/a', 'malformed-request'],
    ['gemini://h#a', 'malformed-request'],
    ['gemini://h/a\x1b', 'control-characters'],
    ['gemini://h/a\xc2\x9b', 'control-characters'],
    ['gemini://h/\xff', 'not-utf8'],
  ])('%s is refused', (url, reason) => {
    expect(read(`192.0.2.7:1 GET ${url} 51 no`)).toBe(reason)
  })
})

describe('one style forged in another', () => {
  const time2 = '20/Nov2026:23:36:58 +0000'
  const real = `192.0.2.7 - - ${time2} "gemini://x/y" 53 0`

  it.each([
    ['legacy', '203.0.113.66:1 GET gemini://x/knock 20'],
    ['condensed', '2026-11-20T23:36:56+0000 203.0.113.66 - x gemini://x/knock 0 0 20 y'],
    ['combined', `203.0.113.66 - - [${time2}] "gemini://x/knock" 20 0 "-" ""`],
    ['common', `x 203.0.113.66 - - ${time2} "gemini://x/knock" 20 0`],
  ])('a host that is a %s record', (_style, host) => {
    expect(read(`${host} ${real}`)).toBe('ambiguous')
    expect(read(`${host}${real}`)).toBe('ambiguous')
  })

  it('a URL that ends like another style', () => {
    expect(read(`192.0.2.7 - - [${time2}] "gemini://x/knock" 20 0" 53 0 "-" ""`)).toBe('ambiguous')
    expect(read('192.0.2.7:1 GET gemini://x/a 30 gemini://x/" 20 0')).toBe('ambiguous')
    expect(read('2026-11-20T23:36:56+0000 192.0.2.7 - x gemini://x/a 0 0 30 gemini://x/" 20 0')).toBe('ambiguous')
    expect(read('192.0.2.7:1 GET gemini://x/a 30 gemini://x/ 0 0 20 0')).toBe('ambiguous')
  })
})

it.each([
  ['192.0.2.7:70000 GET gemini://h/a 51 no', 'bad-address'],
  ['192.0.2.256:1 GET gemini://h/a 51 no', 'bad-address'],
  ['fe80::1%em0:1 GET gemini://h/a 51 no', 'bad-address'],
  ['192.0.2.7:1 GET gemini://h/a 510 no', 'malformed-request'],
  ['192.0.2.7:1 GET gemini://h/a', 'malformed-request'],
  ['192.0.2.7:1 GET gemini://h/a 51', '192.0.2.7 GET /a 51'],
  ['192.0.2.7:1 GET gemini://h/a 51 ', '192.0.2.7 GET /a 51'],
  ['x - - [20/Nov2026:23:36:58 +0000] "gemini://h/a" 51 0 "-" ""', 'bad-address'],
  ['192.0.2.7 -  [20/Nov2026:23:36:58 +0000] "gemini://h/a" 51 0 "-" ""', 'not-this-dialect'],
  ['192.0.2.7 - - [20/Nov2026] "gemini://h/a" 51 0 "-" ""', 'not-this-dialect'],
  ['2026-11-20T23:36:56+0000 h gemini://h/a 0 0 51 no', 'not-this-dialect'],
  ['192.0.2.7:1 GET gemini://h/a 51 \x1b[31m', 'control-characters'],
  ['', 'not-this-dialect'],
])('%s gives %s', (line, expected) => {
  expect(read(line)).toBe(expected)
})
