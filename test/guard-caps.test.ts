import { describe, expect, it } from 'vitest'
import { parseAddress } from '../parsers/address.ts'
import { config } from './support/config.ts'
import { Gate } from './support/gate.ts'
import { CODES, codeOf, codes } from './support/guarded-codes.ts'
import { A, B, rules, STEPS } from './support/guarded.ts'

/** How many doors may be open, and how often they may be opened, with exact numbers. What a spoofer has to spend stands in SECURITY.md. */

describe('caps', () => {
  const address = (number: number): string => `198.51.${number >> 8}.${number & 255}`
  const open = (gate: Gate, from: number, count: number): string[] =>
    Array.from({ length: count }, (_, index) => gate.touch(address(from + index), STEPS)).flat()

  it('on opens end with the minute that the first one began, and extensions are free', () => {
    const gate = new Gate(rules('max_opens = 3'))
    expect(open(gate, 0, 4)).toEqual(['open', 'open', 'open', 'capped'])
    expect(gate.last('capped')).toMatchObject({ rule: 'ssh', address: address(3), cap: 'max_opens', limit: 3 })
    expect(open(gate, 0, 4)).toEqual(['extend', 'extend', 'extend', 'capped'])
    gate.wait(59.75)
    expect([open(gate, 7, 1), open(gate, 8, 1)]).toEqual([['capped'], ['open']])
  })

  it('on grants close the oldest by which nobody is connected', () => {
    const gate = new Gate(rules('max_grants = 3\nopen_for = 10m').replace('open_for = 30s\n', ''))
    open(gate, 0, 3)
    open(gate, 0, 1)
    gate.connected.add(parseAddress(address(0))!)
    expect(open(gate, 3, 2)).toEqual(['close', 'open', 'close', 'open'])
    expect(gate.happenings.filter(({ event: what }) => what === 'close')).toMatchObject([
      { address: address(1), roomFor: address(3) }, { address: address(2), roomFor: address(4) },
    ])
    for (const { address: one } of gate.grants.all()) gate.connected.add(one)
    expect(open(gate, 5, 1)).toEqual(['capped'])
    expect(gate.last('capped')).toMatchObject({ cap: 'max_grants', limit: 3 })
    expect([...gate.grants.all()].map(({ address: one }) => one)).toEqual([0, 3, 4].map(address))
  })

  it('are each user\'s own', () => {
    const gate = new Gate(CODES, codes)
    expect([gate.touch(A, codeOf('alice', gate)), gate.touch(B, codeOf('bob', gate))]).toEqual([['open'], ['open']])
    gate.wait(30)
    expect(gate.touch('203.0.113.9', codeOf('alice', gate))).toEqual(['close', 'open'])
    expect(gate.last('close')).toMatchObject({ user: 'alice', address: A, roomFor: '203.0.113.9' })
    gate.connected.add(parseAddress('203.0.113.9')!)
    gate.wait(30)
    expect([gate.touch(A, codeOf('alice', gate)), gate.last('capped'), gate.touch(A, codeOf('bob', gate))])
      .toMatchObject([['capped'], { user: 'alice', address: A, cap: 'max_grants', limit: 1 }, ['close', 'open']])
  })

  it('after a reload that lowers them hold with the next one that opens', () => {
    const gate = new Gate(rules('max_grants = 5'))
    open(gate, 0, 5)
    gate.pipeline.reload(config(rules('max_grants = 2')))
    expect(open(gate, 5, 1)).toEqual(['close', 'close', 'close', 'close', 'open'])
    expect(gate.grants.size).toBe(2)
  })

  it('let the honest in after 1,000 spoofed sequences; 3,000 packets more take his door unless he is connected', () => {
    const gate = new Gate(rules('open_for = 10m').replace('open_for = 30s\n', ''))
    open(gate, 0, 1000)
    expect([gate.grants.size, ...gate.touch(A, STEPS)]).toEqual([1000, 'close', 'open'])
    gate.wait(60)
    open(gate, 2000, 999)
    expect(gate.grants.of('ssh', parseAddress(A)!)).toHaveLength(1)
    open(gate, 4000, 1)
    expect(gate.grants.of('ssh', parseAddress(A)!)).toEqual([])
  })

  it('1,200 spoofed sequences, 3,600 packets, keep a static door shut for the rest of a minute', () => {
    const gate = new Gate(rules('open_for = 1s').replace('open_for = 30s\n', ''))
    expect(open(gate, 0, 1200).filter((name) => name === 'open')).toHaveLength(1200)
    expect(gate.touch(A, STEPS)).toEqual(['capped'])
    gate.wait(60 - 36.02)
    expect(gate.touch(A, STEPS)).toEqual(['open'])
  })
})

describe('cool_down', () => {
  it('lets a match count again only when it is over', () => {
    const gate = new Gate(rules('cool_down = 1m'))
    expect([gate.touch(A, STEPS), gate.touch(A, STEPS), gate.touch(B, STEPS)]).toEqual([['open'], ['cooled'], ['open']])
    expect(gate.last('cooled')).toMatchObject({ until: gate.now - 30_000 - 30_000 + 60_000_000 })
    gate.wait(59.9)
    expect(gate.touch(A, STEPS)).toEqual(['cooled'])
    gate.wait(0.1)
    expect(gate.touch(A, STEPS)).toEqual(['open'])
  })

  it('also holds for commands that nothing undoes', () => {
    const gate = new Gate(`[knocktail]\n[d]\nsequence = 7000, 9000\nstart_command = run\ncool_down = 10s\n`)
    expect([...gate.touch(A, [7000, 9000]), ...gate.touch(A, [7000, 9000])]).toEqual(['open', 'cooled'])
  })
})
