import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAddress, type Address } from '../parsers/address.ts'
import type { ConnectionEvent } from '../parsers/event.ts'
import type { Micros } from '../parsers/time.ts'
import { AddressKeys } from '../rules/address-column.ts'
import { SequenceIndex } from '../rules/compile.ts'
import type { Decision } from '../rules/decision.ts'
import { Matcher } from '../rules/matcher.ts'
import { newNote } from '../rules/note.ts'
import type { Proof, Rule, Sequence, Step } from '../rules/rule.ts'
import { Trails } from '../rules/trails.ts'
import { anyEvent, anyRule, several } from './support/any-history.ts'
import { event, ms, portSteps, staticRule } from './support/history.ts'

/** Trails that sleep as soon as they may, beside those that never do: nobody may be able to tell. */

const HOSTS = ['192.0.2.1', '192.0.2.2', '2001:db8::7', '198.51.100.9'].map((text) => parseAddress(text)!)
const NEVER = 1_000_000

const told = (decision: Decision): unknown => ({ ...decision, rule: decision.rule.name, sequence: decision.sequence.id })

const codeSteps: Step[] = [...portSteps(7000), { kind: 'range', proto: 'tcp', from: 20_000 as never, count: 3 }]
const proof: Proof = (keys) => (keys[1] === 20_002 ? { kind: 'spent', user: 'u' } : { kind: 'proved', user: 'u', spend: { kind: 'once', id: 'o' } })
const coded: Sequence[] = [{ id: 'code', user: undefined, steps: codeSteps, proof }]

const anyRules = fc.record({ first: anyRule, second: anyRule, windowed: anyRule, window: fc.integer({ min: 2, max: 20 }) }).map(({ first, second, windowed, window }): Rule[] => [
  { ...first, name: 'first' }, { ...second, name: 'second' }, { ...windowed, name: 'windowed', window },
  { ...staticRule(codeSteps), name: 'coded', sequencesAt: () => coded },
  staticRule(portSteps('/a', '/b', 7000), { name: 'web', reorder: ms(1000) }),
])

const more = fc.tuple(fc.constantFrom<Partial<Parameters<typeof event>[1]>>({ path: '/a' }, { path: '/b' }, { port: 20_000 }, { port: 20_002 }), fc.nat(4000))
  .map(([parts, at]) => event(at, parts))
const fromSome = fc.tuple(fc.oneof({ weight: 4, arbitrary: anyEvent(several) }, { weight: 1, arbitrary: more }), fc.constantFrom(HOSTS[0]!, HOSTS[0]!, ...HOSTS))
  .map(([one, src]): ConnectionEvent => ({ ...one, src }))

describe('trails that sleep', () => {
  it('are what they were when they are asked for again', () => {
    const histories = fc.array(fromSome, { maxLength: 160 })
    fc.assert(fc.property(anyRules, histories, fc.integer({ min: 1, max: 4 }), fc.nat(3), fc.nat(160), (rules, events, most, mostAwake, changeAt) => {
      const [sleepy, awake] = [new Matcher(rules, most, 1, mostAwake), new Matcher(rules, most, 2, NEVER)]
      events.forEach((next, index) => {
        expect(sleepy.read(next).map(told)).toEqual(awake.read(next).map(told))
        expect(sleepy.addresses).toBe(awake.addresses)
        expect(sleepy.look(next)).toEqual(awake.look(next))
        expect(sleepy.attempts(ms(3000), 10)).toEqual(awake.attempts(ms(3000), 10))
        expect(sleepy.remembered(HOSTS[0]!)).toEqual(awake.remembered(HOSTS[0]!))
        if (index === changeAt) for (const matcher of [sleepy, awake]) matcher.replaceRules(rules.slice(1))
      })
      expect([...sleepy.finish()].map(told)).toEqual([...awake.finish()].map(told))
    }), { numRuns: 300 })
  })
})

describe('all trails', () => {
  const compiled = new SequenceIndex([staticRule(portSteps(7000, 8000, 9000))]).find(7000, 0 as Micros)![0]!
  const host = (number: number): Address => parseAddress(`10.0.${number >> 8}.${number & 255}`)!

  /** Another note, and an attempt with so many steps. */
  function goOn(trails: Trails, address: Address, order: number, taken: number): void {
    const trail = trails.find(address) ?? trails.add(address)
    const before = trail.notes.length
    trail.notes.push(newNote({ time: order as Micros, order, resolution: 1 as Micros, source: 'log', key: 7000, sport: 1, seq: undefined, ipId: undefined, forwarded: false }, { knocks: [compiled], drawnFrom: undefined }))
    trail.attempts = taken === 0 ? undefined : [{ compiled, start: { time: order as Micros, order }, taken, next: taken }]
    trails.touch(trail, before)
  }

  it('go when there are too many, the least progress first, of those who have been there longest', () => {
    const steps = fc.array(fc.tuple(fc.nat(7), fc.nat(2)), { maxLength: 80 })
    fc.assert(fc.property(steps, fc.integer({ min: 1, max: 6 }), fc.nat(4), (changes, most, mostAwake) => {
      const trails = new Trails(most, new AddressKeys(1), mostAwake)
      /** In the order in which they got where they are. */
      let kept: { address: Address; taken: number; since: number }[] = []
      changes.forEach(([number, taken], order) => {
        const address = host(number)
        goOn(trails, address, order, taken)
        const known = kept.find((one) => one.address === address)
        if (known?.taken !== taken) kept = [...kept.filter((one) => one !== known), { address, taken, since: order }]
        else known.since = order
        const lost = kept.length > most ? kept.filter((one) => one.taken === Math.min(...kept.map((other) => other.taken)))[0] : undefined
        kept = kept.filter((one) => one !== lost)
        expect(trails.evict().map((attempt) => [attempt.taken, attempt.start.order])).toEqual(lost && lost.taken > 0 ? [[lost.taken, lost.since]] : [])
        for (let at = 0; at < 8; at++) expect(trails.has(host(at))).toBe(kept.some((one) => one.address === host(at)))
        const furthest = kept.filter((one) => one.taken > 0).toSorted((a, b) => b.taken - a.taken).map((one) => one.address)
        expect(Array.from(trails.furthest(), (trail) => trail.address)).toEqual(furthest)
      })
    }), { numRuns: 500 })
  })

  it('are found again however many there are', () => {
    const trails = new Trails(10_000, new AddressKeys(1))
    for (let round = 0; round < 3; round++) for (let number = 0; number < 5000; number++) goOn(trails, host(number), round * 5000 + number, 1)
    expect(trails.size).toBe(5000)
    const wrong = Array.from({ length: 5000 }, (_, number) => number).filter((number) => {
      const orders = trails.find(host(number))!.notes.map(({ order }) => order)
      return orders.join() !== [number, 5000 + number, 10_000 + number].join()
    })
    expect(wrong).toEqual([])
  })
})
