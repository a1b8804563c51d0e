import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Micros } from '../parsers/time.ts'
import { Grants } from '../src/grants/grants.ts'
import { crossOut } from '../src/one-time/cross-out.ts'
import type { Happening } from '../src/happening.ts'
import { Pipeline } from '../src/pipeline.ts'
import { packet, type ConnectionEvent, type Port, type TcpFlags } from '../parsers/event.ts'
import type { Address } from '../parsers/address.ts'
import { config } from './support/config.ts'
import { inTurn, unusedOf, lastUsedOf } from '../rules/one-time.ts'
import type { Sequence } from '../rules/rule.ts'
import { Spent } from '../rules/spent.ts'

const list = (names: string): Sequence[] => [...names].map((once, index) => ({ id: `line-${index + 1}`, user: undefined, spend: { kind: 'once', id: once }, steps: [] }))
const spentOf = (ids: Iterable<string>): Spent => {
  const spent = new Spent()
  for (const id of ids) spent.add({ kind: 'once', id })
  return spent
}
const names = (sequences: readonly Sequence[]): string => sequences.map(({ spend }) => (spend as { id: string }).id).join('')

it.each([
  ['abcde', '', 'abcde'], ['abcde', 'a', 'bcde'], ['abcde', 'c', 'de'], ['abcde', 'ac', 'de'], ['abcde', 'e', ''],
  ['abcde', 'x', 'abcde'],
])('of %s with %s used %s is left', (all, used, left) => {
  expect(names(unusedOf(list(all), spentOf(used)))).toBe(left)
})

it('what is crossed out, with those before it, is what is used up', () => {
  fc.assert(fc.property(fc.uniqueArray(fc.constantFrom(...'abcdef')), fc.subarray([...'abcdef']), (all, used) => {
    const sequences = list(all.join(''))
    const last = lastUsedOf(sequences, spentOf(used))
    const text = last === undefined ? all.join('\n') : crossOut(all.join('\n'), names([last]), all.map((id, index) => ({ line: index + 1, id })))!
    expect(text.split('\n').filter((line) => !line.startsWith('#')).join('')).toBe(names(unusedOf(sequences, spentOf(used))))
  }))
})

it('whatever is matched, in whatever order, with restarts in between: nothing is valid twice, nothing before a used one', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 12 }), fc.array(fc.tuple(fc.nat(2), fc.boolean()), { maxLength: 20 }), (count, history) => {
    const all = list('abcdefghijkl'.slice(0, count))
    let spent = new Spent()
    let rule = inTurn([all], spent)
    let furthest = -1
    for (const [place, restarts] of history) {
      const valid = rule.sequencesAt(0 as Micros)
      expect(names(valid)).toBe(names(all.slice(furthest + 1, furthest + 4)))
      expect(rule.sequencesAt(1 as Micros)).toBe(valid)
      const matched = valid[place]
      if (matched) {
        rule.onSpend?.(matched.spend!)
        furthest = all.indexOf(matched)
      }
      if (restarts) rule = inTurn([all], (spent = spentOf(spent.all().map((spend) => (spend as { id: string }).id))))
    }
  }))
})

function syn(port: number, time: number): ConnectionEvent {
  const fields = packet({ proto: 'tcp', src: '192.0.2.1' as Address, dst: '192.0.2.9' as Address, sport: (1024 + time) as Port, dport: port as Port, flags: 2 as TcpFlags })
  return { ...fields, time: time as Micros, resolution: 1 as Micros, source: 's' } as ConnectionEvent
}

it.each([[undefined, 'open'], ['the disk is full', 'refused']])('the door waits until the disk has answered: %s: %s', (refused, expected) => {
  const now = (): Micros => 100 as Micros
  let answer: ((refused: string | undefined) => readonly Happening[]) | undefined
  const pipeline = new Pipeline(config('[knocktail]\nfirewall = null\n[d]\none_time_sequences = list\nports = 22/tcp\n', () => '7000,8000\n9000,9001\n'), new Grants({ wall: now, boot: now }), {
    own: { contains: () => false }, matched: () => {}, runOnce: () => {}, observeOnly: () => false, isPaused: () => false, isConnected: () => false, useUp: (_door, _spend, _asked, opens) => (answer = opens),
  })
  expect([syn(7000, 1), syn(8000, 2)].flatMap((event) => pipeline.read(event))).toEqual([])
  expect(answer?.(refused).map(({ event }) => event)).toEqual([expected])
  answer = undefined
  expect([syn(7000, 11), syn(8000, 12)].flatMap((event) => pipeline.read(event))).toEqual([])
  expect(answer).toBeUndefined()
})
