import { describe, expect, it } from 'vitest'
import { Gate } from './support/gate.ts'
import { A, FAILURE, rules, spread, STEPS } from './support/guarded.ts'

/** What it costs to lock somebody else out, with exact numbers: they stand in SECURITY.md. */

describe('what a spoofer spends', () => {
  /** With reorder any step may be the first that was swapped: the packet that ends one attempt begins the next. */
  it.each([
    ['0', 2, 'without reorder two packets a failure, so 20 lock an address out of a static rule for ten minutes'],
    ['500ms', 2, 'the same within the time of reorder'],
    ['any', 2, 'the same where the order does not matter'],
    ['5ms', 1, 'with gaps longer than reorder one packet a failure after the first, so 11'],
  ])('reorder %s, %i packets a failure: %s', (reorder, packets) => {
    const most = (length: number): number => {
      const gate = new Gate(rules('max_failures = 0').replace('reorder = 0', `reorder = ${reorder}`))
      // All ways to send so many packets, each from an address of its own.
      const failures = Array.from({ length: STEPS.length ** length }, (_, number) => {
        const ports = Array.from({ length }, (__, place) => STEPS[Math.floor(number / STEPS.length ** place) % STEPS.length]!)
        return gate.touch(spread(number), ports).filter((name) => name === 'failure').length
      })
      return Math.max(...failures)
    }
    const lengths = [1, 2, 3, 4, 5, 6, 7]
    const expected = packets === 1 ? lengths.map((length) => length - 1) : lengths.map((length) => Math.floor(length / 2))
    lengths.forEach((length, index) => expect(most(length)).toBeLessThanOrEqual(expected[index]!))
    if (reorder === '0' || packets === 1) expect(most(7)).toBe(expected[6])
  })

  it('nothing that counts if he knows no step: a sweep over all ports is no failure', () => {
    const gate = new Gate(rules('', 'scan_ports = 0'))
    gate.touch(A, Array.from({ length: 65_535 }, (_, index) => ((index * 7919) % 65_536) || 1))
    expect([gate.count('failure'), gate.count('lockout'), gate.count('open')]).toEqual([0, 0, 0])
  })

  it('52,258 packets, 32,770 of them to fill the table, lock out a whole /8, and no other', () => {
    const gate = new Gate(rules())
    for (let number = 0; number < 256; number++) gate.touch(`9.${number}.0.1`, FAILURE)
    for (let number = 0; number < 16_128; number++) gate.touch(spread(number), FAILURE)
    // The table is full. With the next one those /8 are folded that hold most: 9.0.0.0/8 is the first.
    gate.touch(spread(16_128), FAILURE)
    for (let number = 0; number < 9743; number++) gate.touch(`9.9.${number >> 8}.${number & 255}`, FAILURE)
    expect(gate.count('lockout')).toBe(0)
    gate.touch('9.200.200.200', FAILURE)
    expect([gate.last('lockout'), gate.count('failure') * 2]).toMatchObject([{ network: '9.0.0.0/8' }, 52_258])
    expect([gate.touch('9.1.2.3', STEPS), gate.touch('8.1.2.3', STEPS), gate.touch(spread(0), STEPS)]).toEqual([[], ['open'], ['open']])
  }, 60_000)
})
