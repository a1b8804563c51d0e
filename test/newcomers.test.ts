import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAddress, type Address } from '../parsers/address.ts'
import type { ConnectionEvent } from '../parsers/event.ts'
import { attemptEnd, attemptsOf, forgotten } from '../rules/attempts.ts'
import { SequenceIndex } from '../rules/compile.ts'
import type { Decision } from '../rules/decision.ts'
import { eventKey } from '../rules/key.ts'
import { isKnock } from '../rules/knock.ts'
import { knock } from '../rules/knocking.ts'
import { Matcher } from '../rules/matcher.ts'
import { noteOf } from '../rules/note.ts'
import type { Rule } from '../rules/rule.ts'
import { newTrail, takeIn, type Trail } from '../rules/trail.ts'
import { anyEvent, anyRule, one, several } from './support/any-history.ts'

const MAX_ADDRESSES = 4
const BOUNDS = { notes: 100, age: 100e6 as Trail['notes'][0]['time'] }

const host = (number: number): Address => parseAddress(`10.0.0.${number}`)!
const fromOne = fc.tuple(anyEvent(several), fc.nat(6)).map(([event, number]) => ({ ...event, src: host(number) }))

/** Two rules without a step that completes a sequence by itself. */
const rulePairs = fc.tuple(anyRule, anyRule).map(([first, second]) => [{ ...first, name: 'first' }, { ...second, name: 'second' }])
  .filter((rules) => rules.every((rule) => rule.sequencesAt(0 as ConnectionEvent['time'])[0]!.steps.length > 1))

/** What would be known of whoever did nothing but that, if he had a trail. */
function trailOf(event: ConnectionEvent, order: number, rules: readonly Rule[]): Trail {
  const key = eventKey(event)!
  const knocks = new SequenceIndex(rules).find(key, event.time)?.filter(({ rule }) => isKnock(event, rule))
  const trail = newTrail(event.src)
  const note = noteOf(event, key, { knocks, drawnFrom: undefined }, order)
  takeIn(trail, note, BOUNDS)
  for (const compiled of knocks ?? []) knock(trail, compiled, note, [])
  return trail
}

const told = (decision: Decision): unknown => ({ ...decision, rule: decision.rule.name, sequence: decision.sequence.id })

describe('who has knocked once', () => {
  it('is told of as if he had a trail, when he is forgotten and at the end', () => {
    const strangers = fc.array(anyEvent(one), { maxLength: 12 }).map((events) => events.map((event, index) => ({ ...event, src: host(index) })))
    fc.assert(fc.property(rulePairs, strangers, (rules, events) => {
      const matcher = new Matcher(rules, MAX_ADDRESSES)
      const kept: Trail[] = []
      events.forEach((event, order) => {
        const trail = trailOf(event, order, rules)
        const isNew = (trail.notes[0]!.knocks?.length ?? 0) > 0
        const lost = isNew && kept.push(trail) > MAX_ADDRESSES ? attemptsOf(kept.shift()!) : []
        expect(matcher.read(event).map(told)).toEqual(lost.map(forgotten).map(told))
      })
      const ends = kept.toReversed().flatMap((trail) => attemptsOf(trail).map((attempt) => attemptEnd(trail, attempt, 'timeout', undefined)))
      expect([...matcher.finish()].map(told)).toEqual(ends.map(told))
    }), { numRuns: 2000 })
  })

  it('is forgotten and remembered alike, whether or not he is looked at', () => {
    fc.assert(fc.property(rulePairs, fc.array(fromOne, { maxLength: 30 }), (rules, events) => {
      const [watched, left] = [new Matcher(rules, MAX_ADDRESSES), new Matcher(rules, MAX_ADDRESSES)]
      for (const event of events) {
        expect(watched.read(event).map(told)).toEqual(left.read(event).map(told))
        watched.look(event)
        watched.remembered(host(0))
      }
      expect([...watched.finish()].map(told)).toEqual([...left.finish()].map(told))
    }), { numRuns: 1000 })
  })
})
