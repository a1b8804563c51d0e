import { isIP, isIPv6 } from 'node:net'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAddress } from '../parsers/address.ts'

describe('one canonical text', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'], ['0.0.0.0', '0.0.0.0'], ['255.255.255.255', '255.255.255.255'],
    ['::', '::'], ['::1', '::1'], ['2001:DB8::A', '2001:db8::a'], ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'], ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'], ['1::', '1::'],
    ['fe80::1', 'fe80::1'], ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'], ['2001:db8::192.0.2.1', '2001:db8::c000:201'],
  ])('%s is %s', (text, canonical) => {
    expect(parseAddress(text)).toBe(canonical)
  })

  it.each(['::ffff:192.0.2.1', '::FFFF:192.0.2.1', '::ffff:c000:201', '0:0:0:0:0:ffff:192.0.2.1', '0000:0000:0000:0000:0000:ffff:c000:0201'])(
    '%s is 192.0.2.1', (text) => {
      expect(parseAddress(text)).toBe('192.0.2.1')
    })

  it.each([
    ['::192.0.2.1', '::c000:201'], ['::ffff:0:192.0.2.1', '::ffff:0:c000:201'], ['::1:ffff:192.0.2.1', '::1:ffff:c000:201'], ['ffff::192.0.2.1', 'ffff::c000:201'],
  ])('%s is not 192.0.2.1 but %s', (text, canonical) => {
    expect(parseAddress(text)).toBe(canonical)
  })
})

it.each([
  '', ' ', '192.0.2', '192.0.2.', '.192.0.2.1', '192.0.2.1.', '192.0.2.1.1', '192.0.2.01', '192.0.2.001', '00.0.2.1', '192.0.2.256', '192.0.2.-1', '192.0.2.1e1',
  '1', '0x7f.0.0.1', '0177.0.0.1', '3221226119', '192.0.2.1 ', ' 192.0.2.1', '192.0.2.1\n', '192.0.2.1\u0000', '192.0.2.１', '192,0,2,1', '192.0.2.1/32', '192.0.2.1:80',
  'localhost', 'a.b.c.d', ':', ':::', '1:', ':1', '::1::', '1::2::3', '12345::', 'g::', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7::8', '00001::',
  '::1%eth0', 'fe80::1%1', '[::1]', '::ffff:192.0.2.01', '::ffff:192.0.2.256', '::ffff:192.0.2', '192.0.2.1::', '1:2:3:4:5:6:7:192.0.2.1', '::192.0.2.1:1',
])('%j is no address', (text) => {
  expect(parseAddress(text)).toBeUndefined()
})

const family4 = fc.ipV4()
const family6 = fc.ipV6()

it('agrees with the resolver of Node about what is an address', () => {
  const near = fc.string({ unit: fc.constantFrom(...'0123456789abcdefF:.%:.12'), maxLength: 20 })
  fc.assert(fc.property(fc.oneof(family4, family6, near), (text) => {
    expect(parseAddress(text) !== undefined, text).toBe(isIP(text) !== 0 && !text.includes('%'))
  }), { numRuns: 2000 })
})

it('reads its own text as itself', () => {
  fc.assert(fc.property(fc.oneof(family4, family6), (text) => {
    const address = parseAddress(text)!
    expect(parseAddress(address)).toBe(address)
    expect(isIP(address)).toBe(address.includes(':') ? 6 : 4)
  }), { numRuns: 1000 })
})

it('keeps an address that is not mapped in its family', () => {
  fc.assert(fc.property(family6, (text) => {
    // The kernel's own comparison: only ::ffff:0:0/96 is the other family.
    const isMapped = /^(?:0{0,4}:)*ffff:(?:[\d.]+|[0-9a-f]{1,4}:[0-9a-f]{1,4})$/i.test(text)
    expect(isIPv6(parseAddress(text)!), text).toBe(!isMapped)
  }), { numRuns: 2000 })
})

it('answers the same after more addresses than it remembers', () => {
  const text = (number: number): string => `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`
  for (let number = 0; number < 70_000; number++) parseAddress(text(number))
  expect([0, 1, 69_999].map((number) => parseAddress(text(number)))).toEqual(['10.0.0.0', '10.0.0.1', '10.1.17.111'])
})
