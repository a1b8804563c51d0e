import { describe, expect, it } from 'vitest'
import type { Port } from '../parsers/event.ts'
import { GUESSER_PACKETS_PER_SECOND, keyspace, meanGuessSeconds, type Tolerances } from '../rules/keyspace.ts'
import { Matcher } from '../rules/matcher.ts'
import type { Proof, Rule, Sequence, Step } from '../rules/rule.ts'
import { event, ms, portSteps, staticRule } from './support/history.ts'

/**
 * What `check` says a guesser needs is held against guessers in small: ranges so narrow that they get through. They must not be quicker
 * than was said; they may be slower, since not every choice that is counted as a try really is a new one.
 */

const range = (from: number, count: number): Step => ({ kind: 'range', proto: 'tcp', from: from as Port, count })

/** A generator of its own, so that each run is the same. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** How many packets it takes on average, over so many guessers of one address each. */
function packetsPerMatch(rule: Rule, burst: () => number[], rounds: number, pauseMs = 10_000): number {
  let packets = 0
  for (let round = 0; round < rounds; round++) {
    const matcher = new Matcher([rule], 10)
    for (let isIn = false, at = 0; !isIn; at += pauseMs) {
      for (const [index, port] of burst().entries()) {
        packets++
        isIn ||= matcher.read(event(at + index * 10, { port, sport: 1 + (packets % 60_000) })).some(({ kind }) => kind === 'match')
      }
    }
  }
  return packets / rounds
}

const said = (steps: readonly Step[], tolerances: Tolerances, packetsPerTry: number): number => 2 ** keyspace(steps, tolerances).left * packetsPerTry

describe('a guesser in small is not quicker than was said', () => {
  it.each([0, 500])('of ports that were drawn, within a window, reorder %d ms', (reorder) => {
    const random = randomFrom(1)
    const drawn: Sequence[] = [{ id: 'drawn', user: 'u', steps: portSteps(2003, 2011, 2007) }]
    const rule = staticRule([], { sequencesAt: () => drawn, window: 6, reorder: ms(reorder), seqTimeout: ms(500_000) })
    const steps = [range(2000, 16), range(2000, 16), range(2000, 16)]
    const mean = packetsPerMatch(rule, () => [2000 + random(16)], 60, 10)
    const expected = said(steps, { reorder: ms(reorder), otherPorts: 3, window: 6 }, 1)
    expect(mean / expected).toBeGreaterThan(0.8)
    expect(mean / expected).toBeLessThan(6)
  })

  it.each([0, 500])('of ports that stay, by one packet after the other from ever new addresses, reorder %d ms', (reorder) => {
    const random = randomFrom(4)
    const rule = staticRule(portSteps(2003, 2011, 2027), { reorder: ms(reorder) })
    const mean = packetsPerMatch(rule, () => Array.from({ length: 90 }, () => 2000 + random(32)), 40, 100_000)
    // He tries one after the other of all ports and needs half on average; here they are tried at random, and are 32.
    const all = 2 * GUESSER_PACKETS_PER_SECOND * meanGuessSeconds(portSteps(1, 2, 3), { reorder: ms(reorder), otherPorts: 3 })
    expect(mean / (all * (32 / 65_535) ** 3)).toBeGreaterThan(0.8)
  })

  it('of a code behind a port that stays, with three codes good at a time', () => {
    const random = randomFrom(2)
    const good = new Set(['3 7', '1 1', '0 9'])
    const proof: Proof = ([, one, other]) => (good.has(`${Number(one) - 3000} ${Number(other) - 4000}`) ? { kind: 'proved', user: 'u', spend: { kind: 'once', id: 'o' } } : { kind: 'wrong' })
    const steps: Step[] = [...portSteps(7000), range(3000, 10), range(4000, 10)]
    const sequences: Sequence[] = [{ id: 'code', user: undefined, steps, proof }]
    const rule = staticRule([], { sequencesAt: () => sequences, reorder: ms(500), seqTimeout: ms(9_000) })
    const mean = packetsPerMatch(rule, () => [7000, 3000 + random(10), 4000 + random(10)], 200)
    const expected = said([range(3000, 10), range(4000, 10)], { reorder: ms(500), otherPorts: 3, validAtATime: 3 }, 3)
    expect(mean / expected).toBeGreaterThan(0.8)
    expect(mean / expected).toBeLessThan(1.3)
  })

  it('of a code gains nothing by sending more of a range at once: another port of it is a wrong guess', () => {
    const random = randomFrom(3)
    const proof: Proof = (keys) => (keys.join() === '3003,4007' ? { kind: 'proved', user: 'u', spend: { kind: 'once', id: 'o' } } : { kind: 'wrong' })
    const sequences: Sequence[] = [{ id: 'code', user: undefined, steps: [range(3000, 10), range(4000, 10)], proof }]
    const rule = staticRule([], { sequencesAt: () => sequences, reorder: ms(500), seqTimeout: ms(9_000) })
    const burst = (): number[] => [3000 + random(10), 3000 + random(10), 4000 + random(10), 4000 + random(10)]
    const mean = packetsPerMatch(rule, burst, 60)
    expect(mean / said([range(3000, 10), range(4000, 10)], { reorder: ms(500), otherPorts: 3 }, 2)).toBeGreaterThan(0.8)
  })
})
