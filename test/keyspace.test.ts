import { describe, expect, it } from 'vitest'
import type { Port } from '../parsers/event.ts'
import { MILLISECOND, type Micros } from '../parsers/time.ts'
import { keyspace } from '../rules/keyspace.ts'
import type { Step } from '../rules/rule.ts'
import { readSequence } from '../src/config/sequence.ts'

const steps = (text: string): Step[] => {
  const read = readSequence(text)
  return 'value' in read ? read.value : expect.fail(read.fault)
}

const strict = { reorder: 0 as Micros, otherPorts: 0 }
const usual = { reorder: MILLISECOND, otherPorts: 3 }

describe('keyspace', () => {
  it('has 16 bits a port', () => {
    expect(keyspace(steps('7000, 9000, 8000'), strict)).toEqual({ steps: expect.closeTo(48, 3), repeats: 0, reorder: 0, otherPorts: 0, window: 0, valid: 0, left: expect.closeTo(48, 3) })
  })

  it.each([
    ['7000, 9000, 8000', 5.9],
    ['7000, 9000, 8000, 1500', 8.9],
    ['7000, 9000, 8000, 1500, 2500', 12.0],
  ])('%s: reorder and three other ports cost what a packet is tried with', (sequence, cost) => {
    const space = keyspace(steps(sequence), usual)
    expect(space.reorder + space.otherPorts).toBeCloseTo(cost, 1)
    expect(space.left).toBeCloseTo(space.steps - cost, 1)
  })

  it('counts ports that are drawn from one range as different ones, with others between them', () => {
    const drawn = Array.from({ length: 3 }, (): Step => ({ kind: 'range', proto: 'tcp', from: 2000 as Port, count: 10 }))
    expect(2 ** keyspace(drawn, strict).left).toBeCloseTo(10 * 9 * 8, 6)
    expect(keyspace(drawn, usual).left).toBeCloseTo(keyspace(drawn, strict).left - Math.log2(6) - Math.log2(10), 6)
  })

  it('costs the same however short reorder is', () => {
    const costs = [1 as Micros, MILLISECOND, 'any' as const].map((reorder) => keyspace(steps('1, 2, 3'), { ...usual, reorder }).reorder)
    expect(new Set(costs).size).toBe(1)
  })

  it('gets nothing from a step that was there before', () => {
    const once = keyspace(steps('7000, 9000'), usual)
    const twice = keyspace(steps('7000, 9000, 7000'), usual)
    expect(twice.repeats).toBeCloseTo(16, 3)
    expect(twice.left).toBeCloseTo(once.left, 6)
    expect(keyspace(steps('7000, 7000:udp'), usual).repeats).toBe(0)
  })

  it('tells protocols apart only where both are used', () => {
    const bits = ['7000, 9000, 8000', '7000, 9000:udp, 8000', '7000:udp, 9000:udp, 8000:udp'].map((text) => keyspace(steps(text), strict).left)
    expect(bits[1]).toBeCloseTo((bits[0] ?? 0) + Math.log2(3), 6)
    expect(bits[2]).toBe(bits[0])
  })

  it.each([
    ['/', 0],
    ['/open/sesame', 15],
    ['/deadbeef', 12],
    ['/20261120', 12],
    ['/9c1f70ab42e6d853', 64],
  ])('counts the path %s as the text it is, unless it is plainly random', (path, bits) => {
    expect(keyspace(steps(`GET ${path}`), usual).left).toBe(bits)
  })

  it('is never less than nothing', () => {
    expect(keyspace(steps('7000, 7000'), { reorder: 'any', otherPorts: 1024 }).left).toBeGreaterThan(0)
    expect(keyspace(steps('GET /a, GET /b, GET /c'), usual).left).toBeCloseTo(4.5 - Math.log2(6), 6)
    expect(keyspace(steps('GET /, GET /a'), usual).left).toBeGreaterThanOrEqual(0)
  })
})
