import { expect, it } from 'vitest'
import { parseAddress, type Address } from '../parsers/address.ts'
import { Gate } from './support/gate.ts'
import { event } from './support/history.ts'

/** A flood of first knocks, with the limits that a configuration has which says nothing of them. */

const KNOCKS = 1_000_000
const MAX_ATTEMPTS = 131_072

it('a million strangers\' first knocks are forgotten, oldest first, and who is two knocks ahead is not', () => {
  const gate = new Gate('[knocktail]\nfirewall = null\n[ssh]\nsequence = 7000, 8000, 9000\nports = 22/tcp\n')
  const stranger = (number: number): Address => parseAddress(`10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`)!
  gate.touch('198.51.100.7', [7000, 8000])
  const begun = gate.now / 1000
  let most = 0
  for (let number = 0; number < KNOCKS; number++) {
    // Within 20 s: nothing is over by its time.
    gate.pipeline.read(event(begun + (number * 20_000) / KNOCKS, { src: stranger(number), port: 7000, sport: 1024 + (number % 60_000) }))
    most = Math.max(most, gate.pipeline.addresses)
  }
  expect(most).toBe(MAX_ATTEMPTS + 1)
  expect([KNOCKS - MAX_ATTEMPTS - 1, KNOCKS - MAX_ATTEMPTS].map((number) => gate.pipeline.remembered(stranger(number)).length)).toEqual([0, 1])
  expect(gate.touch('198.51.100.7', [9000])).toEqual(['open'])
}, 60_000)
