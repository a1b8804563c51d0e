import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAddress, type Address } from '../parsers/address.ts'
import type { Micros } from '../parsers/time.ts'
import { AddressKeys } from '../rules/address-column.ts'
import { AddressSlots } from '../rules/address-slots.ts'
import { SequenceIndex } from '../rules/compile.ts'
import { newNote, type Note } from '../rules/note.ts'
import { Sleepers } from '../rules/sleepers.ts'
import { newTrail, takeIn, type Trail } from '../rules/trail.ts'
import { A, portSteps, staticRule } from './support/history.ts'

const rules = [staticRule(portSteps(7000, 8000, 9000)), staticRule(portSteps('/a', 7000))]
const [compiled, other] = rules.map((rule) => new SequenceIndex([rule]).find(7000, 0 as Micros)![0]!)
const micros = fc.nat(2e15).map((time) => time as Micros)
const orNot = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined })

const anyNote = fc.record({
  seen: fc.record({
    time: micros, order: fc.nat(2 ** 40), resolution: fc.constantFrom(1, 60e6).map((time) => time as Micros), source: fc.constantFrom('kernel', 'web'),
    key: fc.oneof(fc.nat(0x1ffff), fc.constantFrom('GET /a', 'GET /b')), sport: orNot(fc.nat(65_535)), seq: orNot(fc.nat(0xffffffff)), ipId: orNot(fc.nat(65_535)),
    forwarded: fc.boolean(),
  }),
  knocks: fc.constantFrom(undefined, [], [compiled!], [compiled!, other!]),
  drawnFrom: fc.constantFrom(undefined, [rules[0]!]),
  lastCopy: micros,
  usedBy: fc.constantFrom(undefined, [other!]),
}).map(({ seen, knocks, drawnFrom, lastCopy, usedBy }): Note => Object.assign(newNote(seen, { knocks, drawnFrom }), { lastCopy, usedBy: usedBy && [...usedBy] }))

const anyAttempt = fc.record({
  compiled: fc.constantFrom(compiled!, other!), start: fc.record({ time: micros, order: fc.nat(2 ** 40) }), taken: fc.integer({ min: 1, max: 31 }), next: fc.nat(31),
})
const anyTrail = fc.record({ notes: fc.array(anyNote, { maxLength: 12 }), attempts: orNot(fc.array(anyAttempt, { minLength: 1, maxLength: 3 })), tidyAt: fc.nat(2000) })

describe('a trail that sleeps', () => {
  it('is the same when it is read, whatever others came and went meanwhile', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), anyTrail), { maxLength: 30 })
    fc.assert(fc.property(steps, (changes) => {
      const sleepers = new Sleepers()
      const asleep = new Map<number, Trail>()
      for (const [slot, parts] of changes) {
        const before = asleep.get(slot)
        if (before) {
          expect(sleepers.remove(slot)).toBe(before.notes.length)
          asleep.delete(slot)
        } else {
          const trail = { ...newTrail(A, slot), ...parts }
          sleepers.put(trail)
          asleep.set(slot, trail)
        }
        for (const trail of asleep.values()) expect(sleepers.read(trail.slot, A)).toEqual(trail)
      }
    }), { numRuns: 200 })
  })

  it('knows copies as it would have known them awake', () => {
    const notes = fc.array(fc.tuple(fc.nat(100), fc.constantFrom(1, 2, 3), fc.constantFrom(undefined, 5, 6), fc.constantFrom(7000, 8000)), { maxLength: 40 })
    fc.assert(fc.property(notes, (seen) => {
      const [awake, woken] = [newTrail(A), newTrail(A)]
      seen.forEach(([seconds, sport, seq, key], order) => {
        woken.byPort = undefined
        for (const trail of [awake, woken]) {
          const packet = { time: seconds * 1e6 as Micros, order, resolution: 1 as Micros, source: 'log', key, sport, seq, ipId: undefined, forwarded: false }
          takeIn(trail, newNote(packet, { knocks: [compiled!], drawnFrom: undefined }), { notes: 500, age: 1e12 as Micros })
        }
        const told = ({ notes: kept }: Trail): unknown => kept.map(({ order: one, lastCopy }) => [one, lastCopy])
        expect(told(woken)).toEqual(told(awake))
      })
    }), { numRuns: 500 })
  })
})

describe('the slots of addresses', () => {
  it('are those that a Map would give, as addresses come and go', () => {
    const host = (number: number): Address => parseAddress(number % 5 === 0 ? `2001:db8::${(number + 1).toString(16)}` : `10.0.${number >> 8}.${number & 255}`)!
    const slots = new AddressSlots(new AddressKeys(1))
    const model = new Map<Address, number>()
    // Up to 3000 at a time, so that buckets are full before there are more of them.
    for (let step = 0; step < 30_000; step++) {
      const address = host(Math.imul(step, 0x9e3779b1) >>> 20)
      const slot = model.get(address)
      expect(slots.find(address)).toBe(slot ?? 0)
      if (slot === undefined) model.set(address, slots.add(address))
      else if (step % 3 === 0) {
        slots.remove(slot)
        model.delete(address)
      }
    }
    expect(slots.size).toBe(model.size)
    expect(new Map(Array.from(slots.all(), (slot) => [slots.at(slot), slot]))).toEqual(model)
    expect(model.size).toBeGreaterThan(2000)
    slots.clear()
    expect([slots.size, slots.find(host(1)), ...slots.all()]).toEqual([0, 0])
  })
})
