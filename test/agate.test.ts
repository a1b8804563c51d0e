import { expect, it } from 'vitest'
import { agateMessage } from '../parsers/agate.ts'
import { reading, sample, timing } from './support/request-outcome.ts'

const read = reading(agateMessage)

it('reads its log', () => {
  expect(sample('agate/agate.log').map(read)).toEqual([
    'not-this-dialect',
    '192.0.2.7 GET /knock 51',
    '2001:db8::7 GET /knock?q=1 20',
    'no-client',
    '192.0.2.7 GET /knock 51',
    '192.0.2.7 GET /café"x 51',
    'control-characters',
    'malformed-request',
    'not-this-dialect',
    'not-this-dialect',
    'malformed-request',
  ])
})

it('takes the time of env_logger, with or without decimals', () => {
  const line = '[2026-11-20T23:36:56Z INFO  agate] 192.0.2.1:1965 192.0.2.7 "gemini://h/a" 51 "no"'
  expect(timing(agateMessage)(line)).toBe('2026-11-20T23:36:56.000000Z')
  expect(timing(agateMessage)(line.replace('56Z', '56.125Z'))).toBe('2026-11-20T23:36:56.125000Z')
  expect(timing(agateMessage)(line.replace('11-20', '11-31'))).toBe('bad-time')
})

it.each([
  ['[2026-11-20T23:36:56Z ERROR agate] 192.0.2.1:1965 192.0.2.7 "gemini://h/a" 51 "no"', '192.0.2.7 GET /a 51'],
  ['[2026-11-20T23:36:56Z INFO  other] 192.0.2.1:1965 192.0.2.7 "gemini://h/a" 51 "no"', 'not-this-dialect'],
  ['2026-11-20T23:36:56Z INFO  agate] 192.0.2.1:1965 192.0.2.7 "gemini://h/a" 51 "no"', 'not-this-dialect'],
  ['[2026-11-20T23:36:56Z INFO  agate] 192.0.2.1:1965 client.example.net "gemini://h/a" 51 "no"', 'bad-address'],
  ['[2026-11-20T23:36:56Z INFO  agate] 192.0.2.1:1965 192.0.2.7 "gemini://h/a" 51 "cut', 'not-this-dialect'],
  ['[2026-11-20T23:36:56Z INFO  agate] 192.0.2.1:1965 192.0.2.7 "gemini://h/a\\u{d800}" 51 "no"', 'not-this-dialect'],
  ['[2026-11-20T23:36:56Z INFO  agate] 192.0.2.1:1965 192.0.2.7 "gemini://h/a\\u{110000}" 51 "no"', 'not-this-dialect'],
  ['[2026-11-20T23:36:56Z INFO  agate] 192.0.2.1:1965 192.0.2.7 "gemini://h/a\\x41" 51 "no"', 'not-this-dialect'],
  ['[2026-11-20T23:36:56Z INFO  agate] 192.0.2.1:1965 192.0.2.7 "gemini://h/\\u{1f511}" 51 "no"', '192.0.2.7 GET /🔑 51'],
  ['[2026-11-20T23:36:56Z INFO  agate] 192.0.2.1:1965 192.0.2.7 "gemini://h/a\\\\u{e9}\\\'" 51 "no"', "192.0.2.7 GET /a\\u{e9}' 51"],
  ['[2026-11-20T23:36:56Z INFO  agate] 192.0.2.1:1965 192.0.2.7 "gemini://h/a" 51 "\x1b[31m"', 'control-characters'],
])('%s gives %s', (line, expected) => {
  expect(read(line)).toBe(expected)
})
