import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Micros } from '../parsers/time.ts'
import { inTurn, unusedOf } from '../rules/one-time.ts'
import type { Sequence } from '../rules/rule.ts'

const list = (names: string): Sequence[] => [...names].map((once, index) => ({ id: `line-${index + 1}`, user: undefined, once, steps: [] }))
const names = (sequences: readonly Sequence[]): string => sequences.map(({ once }) => once).join('')

it.each([
  ['abcde', '', 'abcde'], ['abcde', 'a', 'bcde'], ['abcde', 'c', 'de'], ['abcde', 'ac', 'de'], ['abcde', 'e', ''],
  ['abcde', 'x', 'abcde'], ['abacd', 'a', 'bcd'], ['abacd', 'b', 'acd'],
])('of %s with %s used %s is left', (all, used, left) => {
  expect(names(unusedOf(list(all), new Set(used)))).toBe(left)
})

it('whatever is matched, in whatever order, with restarts in between: nothing is valid twice, nothing before a used one', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 12 }), fc.array(fc.tuple(fc.nat(2), fc.boolean()), { maxLength: 20 }), (count, history) => {
    const all = list('abcdefghijkl'.slice(0, count))
    let used = new Set<string>()
    let rule = inTurn(all, used)
    let furthest = -1
    for (const [place, restarts] of history) {
      const valid = rule.sequencesAt(0 as Micros)
      expect(names(valid)).toBe(names(all.slice(furthest + 1, furthest + 4)))
      expect(rule.sequencesAt(1 as Micros)).toBe(valid)
      const matched = valid[place]
      if (matched) {
        rule.onMatch?.(matched)
        furthest = all.indexOf(matched)
      }
      if (restarts) rule = inTurn(all, (used = new Set(used)))
    }
  }))
})
