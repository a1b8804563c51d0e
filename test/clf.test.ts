import { describe, expect, it } from 'vitest'
import { clfMessage } from '../parsers/clf.ts'
import { openIso } from '../parsers/envelopes/iso.ts'
import { openRfc3164 } from '../parsers/envelopes/rfc3164.ts'
import { openRfc5424 } from '../parsers/envelopes/rfc5424.ts'
import { reading, sample, shown, tally, timing } from './support/request-outcome.ts'

const read = reading(clfMessage)
const TIME = '[20/Nov/2026:23:42:50 +0000]'
const REQUEST = '"GET /a HTTP/1.1" 404 153 "-" "-"'
const request = (line: string): string => read(`192.0.2.7 - - ${TIME} "${line}" 404 153`)
const tail = (text: string): string => read(`192.0.2.7 - - ${TIME} "GET /a HTTP/1.1" ${text}`)

describe('what the servers wrote', () => {
  it.each([
    ['apache-common', { event: 17, 'malformed-request': 3, 'control-characters': 1 }],
    ['apache-combined', { event: 17, 'malformed-request': 3, 'control-characters': 1 }],
    ['apache-vhost', { event: 17, 'malformed-request': 3, 'control-characters': 1 }],
    ['lighttpd', { event: 14, 'malformed-request': 8, ambiguous: 1 }],
    ['nginx-combined', { event: 18, 'malformed-request': 4 }],
    ['nginx-forwarded', { event: 18, 'malformed-request': 4 }],
    ['nginx-vhost', { event: 19, 'malformed-request': 4, ambiguous: 3, 'not-this-dialect': 1 }],
  ])('%s', (name, expected) => {
    expect(tally(clfMessage, sample(`clf/${name}.log`))).toEqual(expected)
  })

  it.each(['apache-common', 'apache-combined', 'apache-vhost', 'nginx-combined', 'nginx-forwarded'])(
    '%s names no client but the one that connected', (name) => {
      const clients = sample(`clf/${name}.log`).map(read).filter((line) => line.includes(' ')).map((line) => line.split(' ')[0])
      expect(new Set(clients)).toEqual(new Set(['127.0.0.1', '::1']))
    })

  it('traps', () => {
    expect(sample('clf/traps.log').map(read)).toEqual([
      '192.0.2.7 GET /a 404',
      'not-this-dialect',
      'not-this-dialect',
      'ambiguous',
      'bad-time',
      'bad-address',
      'bad-address',
      'not-this-dialect',
      'not-this-dialect',
      '192.0.2.7 GET /café 404',
      'not-utf8',
      'control-characters',
      'malformed-request',
      'ambiguous',
      '192.0.2.7 GET /mapped 404',
    ])
  })

  it('nothing beside access logs gives an event', () => {
    expect(read('2026/11/20 23:42:50 [error] 4873#4873: *1 open() "/www/a" failed (2: No such file or directory), '
      + 'client: 127.0.0.1, server: , request: "GET /a HTTP/1.1", host: "x"')).toBe('not-this-dialect')
    expect(read('[Fri Nov 20 23:43:36.088737 2026] [core:error] [pid 1:tid 2] [client 127.0.0.1:46692] AH00135: x'))
      .toBe('not-this-dialect')
    expect(read('{"time":"20/Nov/2026:23:42:50 +0000","addr":"127.0.0.1","request":"GET /a HTTP/1.1","status":404}'))
      .toBe('not-this-dialect')
    expect(read('')).toBe('not-this-dialect')
  })
})

describe('the client', () => {
  it.each([
    ['192.0.2.7 - -', '192.0.2.7'],
    ['::ffff:192.0.2.7 - -', '192.0.2.7'],
    ['2001:DB8::7 - -', '2001:db8::7'],
    ['192.0.2.7 - a b - c [20/Nov/2026', '192.0.2.7'],
    ['192.0.2.7 - bob [20/Nov/2026', '192.0.2.7'],
    ['192.0.2.7 - -  -', '192.0.2.7'],
    ['www.example.org 192.0.2.7 - -', '192.0.2.7'],
    ['www.example.org:443 192.0.2.7 - bob', '192.0.2.7'],
    [':18080 192.0.2.7 - -', '192.0.2.7'],
    [' 192.0.2.7 - -', '192.0.2.7'],
    ['[::1]:18080 2001:db8::7 - -', '2001:db8::7'],
    ['ev\\x22il:18080 192.0.2.7 - -', '192.0.2.7'],
    ['203.0.113.66:80 192.0.2.7 - -', '192.0.2.7'],
    ['192.0.2.7 www.example.org -', '192.0.2.7'],
    ['192.0.2.7 203.0.113.66 -', '192.0.2.7'],
  ])('of %s is %s', (head, client) => {
    expect(read(`${head} ${TIME} ${REQUEST}`)).toBe(`${client} GET /a 404`)
  })

  it.each([
    ['a Host that is an address', '203.0.113.66 192.0.2.7 - -', 'ambiguous'],
    ['such a Host, and a user', '203.0.113.66 192.0.2.7 - bob', 'ambiguous'],
    ['an IPv6 Host', '::ffff:203.0.113.66 192.0.2.7 - -', 'ambiguous'],
    ['a Host with blanks', '203.0.113.66 - x:80 192.0.2.7 - -', 'ambiguous'],
    ['a Host with blanks that hides behind a name', 'evil 203.0.113.66 - x:80 192.0.2.7 - -', 'ambiguous'],
    ['a user of lighttpd', '192.0.2.7 www.example.org bob', 'ambiguous'],
    ['escape=none', '192.0.2.7 - ', 'not-this-dialect'],
    ['escape=none behind a host', 'www.example.org 192.0.2.7 - ', 'not-this-dialect'],
    ['no user field', '192.0.2.7 -', 'not-this-dialect'],
    ['a resolved name', 'client.example.net - -', 'bad-address'],
    ['a unix socket', 'unix: - -', 'bad-address'],
    ['an octal address', '192.0.2.07 - -', 'bad-address'],
    ['an IPv6 zone', 'fe80::1%eth0 - -', 'bad-address'],
    ['an unknown logger before it', 'Nov 20 23:42:50 web nginx: 192.0.2.7 - -', 'not-this-dialect'],
  ])('is not believed: %s', (_what, head, reason) => {
    expect(read(`${head} ${TIME} ${REQUEST}`)).toBe(reason)
  })

  it('is never what a header claims', () => {
    expect(read(`192.0.2.7 - - ${TIME} "GET /a HTTP/1.1" 404 153 "-" "-" "203.0.113.66, \\x228.8.8.8\\x22"`))
      .toBe('192.0.2.7 GET /a 404')
  })
})

describe('the request', () => {
  it.each([
    ['GET /nover', 'GET /nover'],
    ['GET http://abs/x HTTP/1.1', 'GET http://abs/x'],
    ['PRI * HTTP/2.0', 'PRI *'],
    ['M-SEARCH * HTTP/1.1', 'M-SEARCH *'],
    ['GET /%22%0a%41 HTTP/1.1', 'GET /%22%0a%41'],
    ['GET /q?x=\\x22y HTTP/1.1', 'GET /q?x="y'],
    ['GET /q?x=\\"y HTTP/1.1', 'GET /q?x="y'],
    ['GET /b\\x5Cs HTTP/1.1', 'GET /b\\s'],
    ['GET /b\\\\s HTTP/1.1', 'GET /b\\s'],
    ['GET /b\\\\x41 HTTP/1.1', 'GET /b\\x41'],
    ['GET /b\\x5Cx41 HTTP/1.1', 'GET /b\\x41'],
    ['GET /caf\\xC3\\xA9 HTTP/1.1', 'GET /café'],
    ['GET /caf\xc3\xa9 HTTP/1.1', 'GET /café'],
  ])('%s', (line, expected) => {
    expect(request(line)).toBe(`192.0.2.7 ${expected} 404`)
  })

  it.each([
    ['', 'malformed-request'],
    ['-', 'malformed-request'],
    ['GET', 'malformed-request'],
    ['GET ', 'malformed-request'],
    ['  ', 'malformed-request'],
    ['  HTTP/1.1', 'malformed-request'],
    ['get /a HTTP/1.1', 'malformed-request'],
    ['GET /sp ace', 'malformed-request'],
    ['GET /sp ace HTTP/1.1', 'malformed-request'],
    ['GET /sp\\x20ace HTTP/1.1', 'malformed-request'],
    ['GET  /a HTTP/1.1', 'malformed-request'],
    ['\\x16\\x03\\x01\\x02\\x00\\xFCABC\\x22\\x00', 'malformed-request'],
    [`${'A'.repeat(33)} /a HTTP/1.1`, 'malformed-request'],
    ['GET /nl\\n', 'control-characters'],
    ['GET /a\\x1B[31m HTTP/1.1', 'control-characters'],
    ['GET /a\\x7F HTTP/1.1', 'control-characters'],
    ['GET /a\\xC2\\x9B31m HTTP/1.1', 'control-characters'],
    ['GET /a\x1b HTTP/1.1', 'control-characters'],
    ['GET /caf\\xE9 HTTP/1.1', 'not-utf8'],
    ['GET /a\\xZZ HTTP/1.1', 'not-this-dialect'],
    ['GET /a\\s HTTP/1.1', 'not-this-dialect'],
    ['GET /a" HTTP/1.1', 'not-this-dialect'],
    ['GET /a" 200 5 HTTP/1.1', 'not-this-dialect'],
  ])('is none: %s', (line, reason) => {
    expect(request(line)).toBe(reason)
  })

  it('keeps the status 400: whether it knocks is not the parser\'s business', () => {
    expect(read(`192.0.2.7 - - ${TIME} "GET /a HTTP/1.1" 400 157`)).toBe('192.0.2.7 GET /a 400')
  })
})

describe('the tail', () => {
  it.each(['404 -', '404 153', '404 153 "-" "x"', '404 153 "-" "x" "-" 0.004', '404 153 "-" "x" rt=0.1 us="0.1, 0.2"',
    '404 153 "-" "\\"ref\\" [a]"', '404 153 "-" "ends in a backslash\\\\"', '404 153 "-" ""'])('%s', (text) => {
    expect(tail(text)).toBe('192.0.2.7 GET /a 404')
  })

  it.each(['', '40', '404', '404 ', '404 153 ', '4040 153', '404 0x99', '404 153 "-', '404 153 "-" "cut',
    '404 153 "-" "x\\"', '404 153 "-" "x"y', '404 153  "-"', '404 153 "-" "x" 1" 203.0.113.66'])('is cut or unquoted: %s', (text) => {
    expect(tail(text)).toBe('not-this-dialect')
  })

  it('refuses what only an unescaped log prints', () => {
    expect(tail('404 153 "" ""')).toBe('ambiguous')
    expect(tail('404 153 "-" "\x1b[31m"')).toBe('control-characters')
    expect(tail('404 153 "-" "tab\there"')).toBe('control-characters')
  })

  it('finds no record in an agent, and no event in a line whose agent was not escaped', () => {
    const fake = `203.0.113.66 - - ${TIME}`
    expect(tail(`404 153 "-" "x\\x22 ${fake} \\x22GET /knock HTTP/1.1\\x22 200 1"`)).toBe('192.0.2.7 GET /a 404')
    expect(tail(`404 153 "-" "x\\" ${fake} \\"GET /knock HTTP/1.1\\" 200 1"`)).toBe('192.0.2.7 GET /a 404')
    expect(tail(`404 153 "-" "x"${fake} "GET /knock HTTP/1.1" 200 1"`)).toBe('not-this-dialect')
  })
})

describe('the time', () => {
  const time = timing(clfMessage)

  it('is the one that the server wrote, in its zone', () => {
    expect(time('192.0.2.7 - - [08/Jul/2018:00:29:48 -0400] "GET / HTTP/1.0" 302 0')).toBe('2018-07-08T04:29:48.000000Z')
    expect(time(`192.0.2.7 - bob [20/Nov/2026 ${TIME} "GET / HTTP/1.0" 302 0`)).toBe('2026-11-20T23:42:50.000000Z')
  })

  it('exists', () => {
    expect(read('192.0.2.7 - - [30/Feb/2026:23:42:50 +0000] "GET / HTTP/1.0" 302 0')).toBe('bad-time')
    expect(read('192.0.2.7 - - [20/Nov/6026:23:42:50 +0000] "GET / HTTP/1.0" 302 0')).toBe('bad-time')
    expect(read('192.0.2.7 - - [20/Nov/2026:24:42:50 +0000] "GET / HTTP/1.0" 302 0')).toBe('bad-time')
    expect(read('192.0.2.7 - - [20/Nov/2026:23:42:50] "GET / HTTP/1.0" 302 0')).toBe('not-this-dialect')
    expect(read('192.0.2.7 - - [20/Nov/2026:23:42:50 +0000]: GET / HTTP/1.0" 302 0')).toBe('not-this-dialect')
  })
})

describe('in the envelopes of syslog', () => {
  it('reads what the server said, and nobody else', () => {
    const outcomes = sample('clf/syslog.log').map((line) => {
      const envelope = openRfc5424(line) ?? openIso(line) ?? openRfc3164(line)
      if (envelope === undefined || typeof envelope === 'string') return `no envelope: ${envelope}`
      return `${envelope.tag}: ${shown(clfMessage(envelope.text, envelope.at))}`
    })
    expect(outcomes).toEqual([
      'nginx: 127.0.0.1 GET /a 404',
      'nginx: 127.0.0.1 GET /q?x="y 404',
      'nginx: 127.0.0.1 GET /u 404',
      'nginx: 127.0.0.1 GET /auth 404',
      'nginx: 127.0.0.1 GET /secret 404',
      'nginx: 127.0.0.1 GET /auth2 404',
      'apache2: 192.0.2.7 GET /knock 404',
      'lighttpd: 2001:db8::7 GET /knock 404',
      'nginx: 192.0.2.7 GET /knock 404',
      'sshd: not-this-dialect',
    ])
  })
})

describe('long hostile lines', () => {
  it.each([
    ['brackets', `192.0.2.7 - ${' ['.repeat(4000)}`],
    ['half times', `192.0.2.7 - ${' [20/Nov/2026:23:42:50 +0000]'.repeat(280)}`],
    ['backslashes', `192.0.2.7 - - ${TIME} "${'\\\\'.repeat(4000)}`],
    ['an open quote', `192.0.2.7 - - ${TIME} "GET /a HTTP/1.1" 404 1 "${'a'.repeat(8000)}`],
    ['names', `192.0.2.7 - - ${TIME} "GET /a HTTP/1.1" 404 1 ${'a='.repeat(4000)}"`],
  ])('%s take no time', (_what, line) => {
    const start = performance.now()
    for (let round = 0; round < 20; round++) expect(read(line)).not.toContain('GET')
    expect(performance.now() - start).toBeLessThan(1000)
  })
})
