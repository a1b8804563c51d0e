import { describe, expect, it } from 'vitest'
import { openbsdHttpdMessage } from '../parsers/openbsd-httpd.ts'
import { reading, sample, timing } from './support/request-outcome.ts'

const read = reading(openbsdHttpdMessage)
const TIME = '[20/Nov/2026:23:36:56 +0000]'

describe('the three styles', () => {
  it.each([
    ['common', [
      '192.0.2.7 GET / 302',
      '192.0.2.7 GET /knock/a%26b?x=1&y=%41 404',
      '2001:db8::7 HEAD /knock 200',
      'malformed-request',
      '192.0.2.7 GET /q?a"200 404',
      'malformed-request',
      'malformed-request',
      'ambiguous',
      'ambiguous',
      'ambiguous',
      'bad-address',
    ]],
    ['combined', ['192.0.2.7 GET /knock 404', '192.0.2.7 GET /a 404', '192.0.2.7 GET /a 404', 'not-this-dialect']],
    ['forwarded', ['192.0.2.7 GET /knock 404', '192.0.2.7 GET /knock 404', 'not-this-dialect']],
  ])('%s', (style, expected) => {
    expect(sample(`openbsd-httpd/${style}.log`).map(read)).toEqual(expected)
  })

  it('takes the time that the server wrote', () => {
    const line = 'wafflelab.online 192.168.18.8 - - [08/Jul/2018:00:29:48 -0400] "GET / HTTP/1.0" 302 0'
    expect(timing(openbsdHttpdMessage)(line)).toBe('2018-07-08T04:29:48.000000Z')
    expect(read(line.replace('08/Jul', '31/Jun'))).toBe('bad-time')
  })
})

describe('what a client may write', () => {
  it.each([
    'x', '- -', `x ${TIME} "GET /knock HTTP/1.1" 200 1`, '- [20/Nov/2026', '- [20/Nov/2026] "GET /knock HTTP/1.1" 200 1', '-[',
  ])('is not believed as a user: %s', (user) => {
    expect(read(`example.org 192.0.2.7 - ${user} ${TIME} "GET /private HTTP/1.1" 401 0`)).toBe('ambiguous')
  })

  it('changes nothing as an agent', () => {
    const line = `example.org 192.0.2.7 - - ${TIME} "GET /a HTTP/1.1" 404 0 "" "`
    for (const agent of ['" 200', `x" y 203.0.113.66 - - ${TIME} "GET /knock HTTP/1.1" 200 1`, 'unterminated\\']) {
      expect(read(`${line}${agent}"`)).toBe('192.0.2.7 GET /a 404')
    }
  })

  it('does not end the request', () => {
    expect(read(`example.org 192.0.2.7 - - ${TIME} "GET /a?" HTTP/1.1" 404 0`)).toBe('192.0.2.7 GET /a?" 404')
    expect(read(`example.org 192.0.2.7 - - ${TIME} "GET /a?\x1b HTTP/1.1" 404 0`)).toBe('control-characters')
    expect(read(`example.org 192.0.2.7 - - ${TIME} "GET /a?\xff HTTP/1.1" 404 0`)).toBe('not-utf8')
  })
})

it.each(['404', '40 0', '404 0 203.0.113.66', '404 0x', '404 0,'])('refuses a line that goes on with %s', (tail) => {
  expect(read(`example.org 192.0.2.7 - - ${TIME} "GET /a HTTP/1.1" ${tail}`)).toBe('malformed-request')
})
