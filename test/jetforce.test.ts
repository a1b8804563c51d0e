import { expect, it } from 'vitest'
import { jetforceMessage } from '../parsers/jetforce.ts'
import { reading, sample, timing } from './support/request-outcome.ts'

const read = reading(jetforceMessage)
const HEAD = '192.0.2.7 [20/Nov/2026:23:36:58 +0000] '

it('reads its log', () => {
  expect(sample('jetforce/access.log').map(read)).toEqual([
    '192.0.2.7 GET /knock 51',
    '2001:db8::7 GET /knock?q=1 20',
    '192.0.2.7 GET /dir 31',
    'ambiguous',
    'malformed-request',
    'malformed-request',
    'malformed-request',
    'not-this-dialect',
  ])
})

it('takes the time with its zone', () => {
  const line = '192.0.2.7 [20/Nov/2026:23:36:58 +0100] "gemini://h/a" 51 Not Found 15'
  expect(timing(jetforceMessage)(line)).toBe('2026-11-20T22:36:58.000000Z')
  expect(timing(jetforceMessage)(line.replace('20/Nov', '31/Nov'))).toBe('bad-time')
})

it.each([
  [`${HEAD}"gemini://h/a" 51  15`, '192.0.2.7 GET /a 51'],
  [`${HEAD}"gemini://h/a" 20 "text/gemini; lang=\\"en\\"" 15`, '192.0.2.7 GET /a 20'],
  [`${HEAD}"gemini://h/knock" 20 x 5" 51 Not Found 15`, 'ambiguous'],
  [`${HEAD}"gemini://h/a" 31 gemini://h/" 20 x 15`, 'ambiguous'],
  [`${HEAD}"gemini://h/a] " 51 Not Found 15`, 'malformed-request'],
  [`${HEAD}"gemini://h/a\x1b" 51 Not Found 15`, 'control-characters'],
  [`${HEAD}"gemini://h/\xff" 51 Not Found 15`, 'not-utf8'],
  [`${HEAD}"gemini://h/a" 51 Not Found`, 'malformed-request'],
  [`${HEAD}"gemini://h/a`, 'malformed-request'],
  ['client.example.net [20/Nov/2026:23:36:58 +0000] "gemini://h/a" 51 Not Found 15', 'bad-address'],
  ['192.0.2.7 x [20/Nov/2026:23:36:58 +0000] "gemini://h/a" 51 Not Found 15', 'not-this-dialect'],
  [`${HEAD}"gemini://h/a" 51 \x1b[31m 15`, 'control-characters'],
])('%s gives %s', (line, expected) => {
  expect(read(line)).toBe(expected)
})
