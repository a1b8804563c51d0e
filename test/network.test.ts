import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAddress } from '../parsers/address.ts'
import { parseNetwork } from '../parsers/network.ts'

const contains = (network: string, address: string): boolean => parseNetwork(network)!.contains(parseAddress(address)!)

it.each([
  ['192.0.2.1', '192.0.2.1'], ['192.0.2.1/32', '192.0.2.1'], ['192.0.2.0/24', '192.0.2.0/24'], ['0.0.0.0/0', '0.0.0.0/0'], ['128.0.0.0/1', '128.0.0.0/1'],
  ['2001:0DB8:7::/48', '2001:db8:7::/48'], ['::/0', '::/0'], ['2001:db8::1/128', '2001:db8::1'], ['::ffff:192.0.2.1', '192.0.2.1'], ['::ffff:192.0.2.0/24', '192.0.2.0/24'],
])('%s is %s', (text, canonical) => {
  expect(parseNetwork(text)?.text).toBe(canonical)
})

it.each([
  '', '/', '/24', '192.0.2.0/', '192.0.2.0/33', '192.0.2.0/-1', '192.0.2.0/024', '192.0.2.0/24/24', '192.0.2.0/255.255.255.0', '192.0.2.0/24 ', '192.0.2/24',
  '192.0.2.1/24', '192.0.2.128/24', '2001:db8::1/64', '2001:db8::/129', '2001:db8::%eth0/64', 'example.net/24', '::ffff:192.0.2.0/120',
])('%j is none', (text) => {
  expect(parseNetwork(text)).toBeUndefined()
})

describe('contains', () => {
  it.each([
    ['192.0.2.0/24', '192.0.2.0', true], ['192.0.2.0/24', '192.0.2.255', true], ['192.0.2.0/24', '192.0.3.0', false], ['192.0.2.0/24', '192.0.1.255', false],
    ['192.0.2.128/25', '192.0.2.127', false], ['192.0.2.128/25', '192.0.2.128', true], ['0.0.0.0/0', '255.255.255.255', true], ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.1', '192.0.2.2', false], ['2001:db8:7::/48', '2001:db8:7:ffff:ffff:ffff:ffff:ffff', true], ['2001:db8:7::/48', '2001:db8:8::', false],
    // A family is not part of the other.
    ['0.0.0.0/0', '2001:db8::1', false], ['::/0', '192.0.2.1', false], ['::/96', '192.0.2.1', false],
    // But the mapped spelling is the same address.
    ['192.0.2.0/24', '::ffff:192.0.2.7', true], ['::/0', '::ffff:192.0.2.7', false],
  ])('%s %s: %s', (network, address, expected) => {
    expect(contains(network, address)).toBe(expected)
  })

  it('agrees with arithmetic', () => {
    const number = fc.nat(0xffffffff)
    const dotted = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.')
    fc.assert(fc.property(number, number, fc.integer({ min: 0, max: 32 }), fc.boolean(), (base, other, length, near) => {
      const size = 2 ** (32 - length)
      const first = Math.floor(base / size) * size
      const candidate = near ? Math.min(0xffffffff, first + (other % (2 * size))) : other
      expect(contains(`${dotted(first)}/${length}`, dotted(candidate))).toBe(candidate >= first && candidate < first + size)
    }), { numRuns: 1000 })
  })
})
