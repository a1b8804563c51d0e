import { expect, it } from 'vitest'
import { mollyBrownMessage } from '../parsers/molly-brown.ts'
import { reading, sample, timing } from './support/request-outcome.ts'

const read = reading(mollyBrownMessage)

it('reads its log', () => {
  expect(sample('molly-brown/access.log').map(read)).toEqual([
    '192.0.2.7 GET /knock 51',
    '2001:db8::7 GET /knock?q=1 20',
    'malformed-request',
    'not-this-dialect',
    'malformed-request',
    'not-this-dialect',
    'malformed-request',
  ])
})

it('takes the time with its zone', () => {
  const line = '2026-11-20T23:36:57+01:00\t192.0.2.7\t51\tgemini://h/a'
  expect(timing(mollyBrownMessage)(line)).toBe('2026-11-20T22:36:57.000000Z')
  expect(timing(mollyBrownMessage)(line.replace('11-20', '11-31'))).toBe('bad-time')
})

it.each([
  ['2026-11-20T23:36:57Z\t[fe80::1%eth0]\t51\tgemini://h/a', 'bad-address'],
  ['2026-11-20T23:36:57Z\tclient.example.net\t51\tgemini://h/a', 'bad-address'],
  ['2026-11-20T23:36:57Z\t192.0.2.7\t51\tgemini://h/a\x1b', 'control-characters'],
  ['2026-11-20T23:36:57Z\t192.0.2.7\t51\t', 'not-this-dialect'],
  ['2026-11-20T23:36:57Z\t192.0.2.7\t5', 'not-this-dialect'],
  ['2026-11-20T23:36:57Z 192.0.2.7 51 gemini://h/a', 'not-this-dialect'],
])('%s gives %s', (line, expected) => {
  expect(read(line)).toBe(expected)
})
