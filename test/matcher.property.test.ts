import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAddress } from '../parsers/address.ts'
import type { ConnectionEvent, Port } from '../parsers/event.ts'
import type { Micros } from '../parsers/time.ts'
import type { Match } from '../rules/decision.ts'
import { Matcher } from '../rules/matcher.ts'
import type { Proof, Rule, Sequence, Step } from '../rules/rule.ts'
import { anyEvent, anyRule, one, several } from './support/any-history.ts'
import { A, event, knocks, ms, portSteps, staticRule } from './support/history.ts'
import { referenceMatches } from './support/reference.ts'

function matchesAt(rules: readonly Rule[], events: readonly ConnectionEvent[], maxAddresses = 1000): (Micros | undefined)[] {
  const matcher = new Matcher(rules, maxAddresses)
  return events.map((next) => matcher.read(next).find((decision): decision is Match => decision.kind === 'match' && decision.address === A)?.time)
}

describe('the formal definition', () => {
  it('agrees on random histories of one source, read in any order', () => {
    fc.assert(fc.property(anyRule, fc.array(anyEvent(one), { maxLength: 14 }), agrees), { numRuns: 4000 })
  })

  it('agrees on random histories of several sources with coarse and fine stamps', () => {
    fc.assert(fc.property(anyRule, fc.array(anyEvent(several), { maxLength: 12 }), agrees), { numRuns: 4000 })
  })

  it('agrees on knocks alone, most of which belong to the sequence', () => {
    const near = fc.tuple(fc.constantFrom<(number | string)[]>([7000, 8000], [7000, 8000, 7000], [7000, 7000, 8000], [7000, 8000, 9000]), anyRule)
      .map(([ports, rule]) => staticRule(portSteps(...ports), { reorder: rule.reorder, seqTimeout: ms(3000) }))
    const knock = fc.tuple(fc.constantFrom(7000, 7000, 8000, 9000), fc.integer({ min: 0, max: 20 })).map(([port, at]) => event(at * 100, { port }))
    fc.assert(fc.property(near, fc.array(knock, { minLength: 3, maxLength: 12 }), agrees), { numRuns: 4000 })
  })

  it('agrees on ranges of ports, of which another port is no repeat, and on what they prove', () => {
    const steps: Step[] = [...portSteps(7000), { kind: 'range', proto: 'tcp', from: 20_000 as Port, count: 3 }, { kind: 'range', proto: 'tcp', from: 30_000 as Port, count: 2 }]
    const proof: Proof = (keys) => (keys.at(-1) === 30_001 ? { kind: 'wrong' } : keys[1] === 20_002 ? { kind: 'spent', user: 'u' } : { kind: 'proved', user: 'u', spend: { kind: 'once', id: 'o' } })
    const coded = anyRule.map((rule) => ({ ...rule, sequencesAt: () => sequences }))
    const sequences: Sequence[] = [{ id: 'code', user: undefined, steps, proof }]
    const knock = fc.tuple(fc.constantFrom(7000, 7000, 20_000, 20_001, 20_002, 30_000, 30_001, 22), fc.integer({ min: 0, max: 30 }), fc.constantFrom(2, 2, 2, 18))
      .map(([port, at, flags]) => event(at * 100, { port, flags }))
    fc.assert(fc.property(coded, fc.array(knock, { minLength: 3, maxLength: 12 }), agrees), { numRuns: 4000 })
  })

  it('agrees where the knocks may be any of the last few events', () => {
    const windowed = fc.tuple(anyRule, fc.integer({ min: 2, max: 8 })).map(([rule, window]) => ({ ...rule, window }))
    fc.assert(fc.property(windowed, fc.array(anyEvent(one), { maxLength: 12 }), agrees), { numRuns: 4000 })
    fc.assert(fc.property(windowed, fc.array(anyEvent(several), { maxLength: 10 }), agrees), { numRuns: 4000 })
  })

  function agrees(rule: Rule, events: ConnectionEvent[]): void {
    const expected = referenceMatches(rule, events).map((orders) => orders?.reduce((latest, order) => Math.max(latest, events[order]!.time), 0))
    expect(matchesAt([rule], events)).toEqual(expected)
  }
})

describe('reorder', () => {
  const ports = [7000, 8000, 9000, 10_000]
  const rule = staticRule(portSteps(...ports), { reorder: ms(500) })
  const permutation = fc.shuffledSubarray(ports, { minLength: 4, maxLength: 4 })
  const gaps = fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 3, maxLength: 3 })

  it('opens exactly for the permutations in which no knock is more than that late', () => {
    fc.assert(fc.property(permutation, gaps, (order, [first, second, third]) => {
      const times = [0, first!, first! + second!, first! + second! + third!]
      const events = order.map((port, index) => event(times[index]!, { port }))
      const timeOf = (port: number): number => times[order.indexOf(port)]!
      const late = ports.some((earlier, i) => ports.slice(i + 1).some((later) => timeOf(earlier) - timeOf(later) > 500))
      expect(matchesAt([rule], events).some((time) => time !== undefined)).toBe(!late)
    }), { numRuns: 2000 })
  })
})

describe('scans', () => {
  const rules = (): Rule[] => [
    staticRule(portSteps(7000, 8000, 9000), { name: 'strict' }),
    staticRule(portSteps(1234, 40_000, 5555), { name: 'swapped', reorder: ms(500) }),
    staticRule(portSteps(65_000, 20_000, 30_000), { name: 'unordered', reorder: 'any' }),
  ]
  const all = Array.from({ length: 65_535 }, (_, index) => index + 1)

  const scan = (matcher: Matcher, ports: Iterable<number>, gapMs: number): number => {
    let matches = 0
    let at = 0
    for (const port of ports) matches += matcher.read(event((at += gapMs), { port, sport: 40_000 })).filter(({ kind }) => kind === 'match').length
    return matches
  }

  it.each([['ascending', all], ['descending', all.toReversed()]])('of all ports %s never open', (_name, ports) => {
    expect([0.001, 0.05, 1].map((gapMs) => scan(new Matcher(rules(), 10), ports, gapMs))).toEqual([0, 0, 0])
  })

  /**
   * A knock can only count together with knocks that have at most three other ports between them. So each shuffle is drawn
   * whole, and walked eight ports either way around each knock: what is left out could only prevent a match.
   */
  it('10,000 seeded shuffles of all ports never open', () => {
    const random = mulberry32(20_261_121)
    const ports = Uint16Array.from(all)
    const steps = [7000, 8000, 9000, 1234, 40_000, 5555, 65_000, 20_000, 30_000]
    const place = new Int32Array(65_536)
    let opens = 0
    for (let round = 0; round < 10_000; round++) {
      shuffle(ports, random)
      for (let index = 0; index < ports.length; index++) place[ports[index]!] = index
      const near = new Set(steps.flatMap((step) => Array.from({ length: 17 }, (_, offset) => place[step]! - 8 + offset)))
      const walked = [...near].filter((index) => index >= 0 && index < ports.length).toSorted((a, b) => a - b)
      opens += scan(new Matcher(rules(), 10), walked.map((index) => ports[index]!), 0.05)
    }
    expect(opens).toBe(0)
  }, 120_000)
})

describe('independence', () => {
  const rule = staticRule(portSteps(7000, 8000, 9000), { reorder: ms(500) })
  const mine = fc.array(anyEvent(one), { minLength: 3, maxLength: 12 })
  const theirs = fc.array(fc.tuple(fc.nat(11), fc.nat(200), fc.constantFrom(7000, 8000, 9000, 22), fc.nat(1_000_000)), { maxLength: 60 })

  it('noise by other addresses never changes what is decided of A', () => {
    fc.assert(fc.property(mine, theirs, (events, noise) => {
      const mixed: { event: ConnectionEvent; own: boolean }[] = events.map((own) => ({ event: own, own: true }))
      for (const [at, host, port, time] of noise) {
        mixed.splice(at % (mixed.length + 1), 0, { event: event(time, { port, src: parseAddress(`10.0.0.${host}`)! }), own: false })
      }
      const decided = matchesAt([rule], mixed.map((entry) => entry.event), 202)
      expect(decided.filter((_, index) => mixed[index]!.own)).toEqual(matchesAt([rule], events))
    }))
  })

  it('retransmissions never match and never extend', () => {
    const retransmitted = fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 64_000 })), { minLength: 1, maxLength: 20 })
    fc.assert(fc.property(retransmitted, (again) => {
      const first = [7000, 8000, 9000].map((port, index) => event(index * 400, { port, sport: 5000 + index }))
      const copies = again.map(([index, later]) => event(index * 400 + later, { port: [7000, 8000, 9000][index]!, sport: 5000 + index }))
      const all = [...first, ...copies.toSorted((a, b) => a.time - b.time)]
      expect(matchesAt([rule], all).filter((time) => time !== undefined)).toEqual([ms(800)])
    }))
  })

  it('attempts stay bounded whatever comes', () => {
    fc.assert(fc.property(fc.integer({ min: 2, max: 12 }), theirs, (maxAddresses, noise) => {
      const matcher = new Matcher([rule], maxAddresses)
      for (const [, host, port, time] of noise) {
        matcher.read(event(time, { port, src: parseAddress(`10.0.0.${host}`)! }))
        // So many that have knocked once, and as many that have gone on.
        expect(matcher.addresses).toBeLessThanOrEqual(2 * maxAddresses)
      }
    }))
  })

  it('the whole sequence opens again after any history, once that is old', () => {
    fc.assert(fc.property(mine, (events) => {
      const later = knocks([7000, 8000, 9000]).map((knock) => ({ ...knock, time: (knock.time + 200e6) as Micros }))
      expect(matchesAt([rule], [...events, ...later]).at(-1)).toBeDefined()
    }))
  })
})

function mulberry32(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

function shuffle(values: Uint16Array, random: () => number): void {
  for (let at = values.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1))
    const value = values[at]!
    values[at] = values[other]!
    values[other] = value
  }
}
