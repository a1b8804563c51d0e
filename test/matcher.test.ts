import { describe, expect, it } from 'vitest'
import { parseAddress } from '../parsers/address.ts'
import { parseNetwork } from '../parsers/network.ts'
import { FLAG_BITS, type ConnectionEvent } from '../parsers/event.ts'
import { SECOND, type Micros } from '../parsers/time.ts'
import type { Decision, Match } from '../rules/decision.ts'
import { Matcher } from '../rules/matcher.ts'
import type { Rule } from '../rules/rule.ts'
import { A, B, event, knocks, ms, portSteps, staticRule } from './support/history.ts'

function decide(rules: Rule | Rule[], events: readonly ConnectionEvent[]): Decision[] {
  const matcher = new Matcher([rules].flat(), 1000)
  return events.flatMap((next) => matcher.read(next))
}

function opened(rules: Rule | Rule[], events: readonly ConnectionEvent[]): string[] {
  return decide(rules, events).filter((decision): decision is Match => decision.kind === 'match').map(({ address, rule }) => (rule.name === 'ssh' ? address : `${rule.name} ${address}`))
}

const ssh = (reorder: Micros | 'any' = 0 as Micros): Rule => staticRule(portSteps(7000, 8000, 9000), { reorder })
const merge = (...histories: ConnectionEvent[][]): ConnectionEvent[] => histories.flat().toSorted((a, b) => a.time - b.time)

describe('sequence 7000, 8000, 9000', () => {
  it.each<[string, number[], number, Micros | 'any', string[]]>([
    ['in order', [7000, 8000, 9000], 400, 0 as Micros, [A]],
    ['swapped within reorder', [7000, 9000, 8000], 50, ms(500), [A]],
    ['swapped beyond reorder', [7000, 9000, 8000], 2000, ms(1000), []],
    ['backwards with one stamp', [9000, 8000, 7000], 0, 0 as Micros, []],
    ['any order', [9000, 8000, 7000], 2000, 'any', [A]],
    ['first step repeated', [7000, 7000, 8000, 9000], 400, 0 as Micros, [A]],
    ['second step repeated', [7000, 8000, 8000, 9000], 400, 0 as Micros, [A]],
    ['first step again after the second', [7000, 8000, 7000, 9000], 400, 0 as Micros, [A]],
    ['begun anew after a wrong knock', [7000, 9000, 7000, 8000, 9000], 400, 0 as Micros, [A]],
    ['begun with the last', [9000, 7000, 8000, 9000], 400, 0 as Micros, [A]],
    ['begun with the last two', [9000, 8000, 7000, 8000, 9000], 400, 0 as Micros, [A]],
    ['every step twice', [7000, 7000, 8000, 8000, 9000, 9000], 400, 0 as Micros, [A]],
    ['a step missing each time', [7000, 9000, 8000, 7000, 9000], 400, 0 as Micros, []],
    ['with another port in between', [7000, 22, 8000, 22, 9000], 400, 0 as Micros, [A]],
  ])('%s', (_name, ports, gapMs, reorder, expected) => {
    expect(opened(ssh(reorder), knocks(ports, gapMs))).toEqual(expected)
  })

  it('two addresses do not add up', () => {
    expect(opened(ssh(), [...knocks([7000, 8000]), event(800, { port: 9000, src: B })])).toEqual([])
  })

  it('two addresses interleaved, each whole', () => {
    expect(opened(ssh(), merge(knocks([7000, 8000, 9000]), knocks([7000, 8000, 9000], 410, { src: B })))).toEqual([A, B])
  })

  it('a knock of another rule in between, which goes on by itself', () => {
    const other = staticRule(portSteps(5000, 6000), { name: 'web' })
    expect(opened([ssh(), other], knocks([7000, 5000, 8000, 9000, 6000]))).toEqual([A, `web ${A}`])
  })

  it('lines logged out of the order of their stamps', () => {
    const lines = [event(800, { port: 9000 }), event(0, { port: 7000 }), event(400, { port: 8000 })]
    expect(opened(ssh(), lines)).toEqual([A])
  })

  it('a scan of 6900 to 9100, ascending or shuffled', () => {
    const ports = Array.from({ length: 2201 }, (_, index) => 6900 + index)
    expect(opened(ssh(ms(500)), knocks(ports, 1))).toEqual([])
    const shuffled = ports.toSorted((a, b) => ((a * 7919) % 2203) - ((b * 7919) % 2203))
    expect(opened(ssh('any'), knocks(shuffled, 1))).toEqual([])
  })

  it('the sequence again with new packets matches again', () => {
    expect(opened(ssh(), knocks([7000, 8000, 9000, 7000, 8000, 9000]))).toEqual([A, A])
  })

  it('the same packets retransmitted after 1, 3, 7, 15 s do not', () => {
    const first = [7000, 8000, 9000].map((port, index) => ({ port, sport: 4000 + index, at: index * 400 }))
    const all = [0, 1000, 3000, 7000, 15_000, 31_000, 63_000].flatMap((later) => first.map(({ port, sport, at }) => event(at + later, { port, sport })))
    expect(opened(ssh(ms(500)), all.toSorted((a, b) => a.time - b.time))).toEqual([A])
  })
})

describe('what is a knock', () => {
  it('tests flags as masks, and unknown flags satisfy no test', () => {
    const single = staticRule(portSteps(7000))
    const flags = (value: number): string[] => opened(single, [event(0, { port: 7000, flags: value })])
    expect(flags(FLAG_BITS.SYN | FLAG_BITS.ECE)).toEqual([A])
    expect(flags(FLAG_BITS.SYN | FLAG_BITS.ACK)).toEqual([])
    const { flags: _, ...unknown } = event(0, { port: 7000 }) as Extract<ConnectionEvent, { kind: 'packet' }>
    expect(opened(single, [{ ...unknown, flags: undefined }])).toEqual([])
    expect(opened({ ...single, flags: { set: 0, clear: 0 } }, [{ ...unknown, flags: undefined }])).toEqual([A])
  })

  it('ignores flags on UDP', () => {
    expect(opened(staticRule(portSteps('7000:udp')), [event(0, { port: 7000, proto: 'udp', flags: 0 })])).toEqual([A])
  })

  it('keeps to target, interface, from and status', () => {
    const at = (parts: Parameters<typeof event>[1], limits: Parameters<typeof staticRule>[1]): string[] =>
      opened(staticRule(portSteps(7000), limits), [event(0, { port: 7000, ...parts })])
    const net = (text: string): [NonNullable<ReturnType<typeof parseNetwork>>] => [parseNetwork(text)!]
    expect(at({}, { limits: { target: net('192.0.2.1') } })).toEqual([A])
    expect(at({}, { limits: { target: net('192.0.2.9') } })).toEqual([])
    expect(at({ iface: 'eth0' }, { limits: { interfaces: ['eth0'] } })).toEqual([A])
    expect(at({}, { limits: { interfaces: ['eth0'] } })).toEqual([])
    expect(at({}, { limits: { from: net('192.0.2.0/24') } })).toEqual([A])
    expect(at({}, { limits: { from: net('2001:db8::/32') } })).toEqual([])
  })

  it('takes packets that come in, forwarded ones only on request, and never a match rule', () => {
    const single = staticRule(portSteps(7000))
    expect(opened(single, [event(0, { port: 7000, dir: 'out' })])).toEqual([])
    expect(opened(single, [event(0, { port: 7000, dir: 'forward' })])).toEqual([])
    expect(opened(staticRule(portSteps(7000), { limits: { forwarded: true } }), [event(0, { port: 7000, dir: 'forward' })])).toEqual([A])
    expect(opened(single, [event(0, { port: 7000, action: 'match' })])).toEqual([])
  })

  it('takes requests by method and raw path, but none that was answered with 400', () => {
    const web = staticRule(portSteps('/some/path'))
    expect(opened(web, [event(0, { path: '/some/path', status: 404 })])).toEqual([A])
    expect(opened(web, [event(0, { path: '/some/path', status: 400 })])).toEqual([])
    expect(opened(web, [event(0, { path: '/some/path?', status: 200 })])).toEqual([])
    expect(opened(staticRule(portSteps('/some/path'), { limits: { status: [200] } }), [event(0, { path: '/some/path', status: 404 })])).toEqual([])
  })
})

it('a request shows neither its interface nor where it went: such limits are not met', () => {
  const web = (limits: Partial<Rule['limits']>): string[] => opened(staticRule(portSteps('/door'), { limits }), [event(0, { path: '/door', status: 200 })])
  expect([web({ interfaces: ['eth0'] }), web({ target: [parseNetwork('192.0.2.1')!] }), web({})]).toEqual([[], [], [A]])
})

describe('copies', () => {
  const single = staticRule(portSteps(7000))
  const twice = (first: Parameters<typeof event>[1], second: Parameters<typeof event>[1], gapMs: number): number =>
    opened(single, [event(0, { port: 7000, sport: 1, ...first }), event(gapMs, { port: 7000, sport: 1, ...second })]).length

  it('TCP: the same ports within 65 s', () => {
    expect([twice({}, {}, 64_999), twice({}, {}, 65_000), twice({}, { sport: 2 }, 1)]).toEqual([1, 2, 2])
  })

  it('TCP: not if both lines print different sequence numbers', () => {
    expect([twice({ seq: 5 }, { seq: 6 }, 1), twice({ seq: 5 }, { seq: 5 }, 1), twice({ seq: 5 }, {}, 1)]).toEqual([2, 1, 1])
  })

  it('TCP: remembered as long as its copies come, whatever else does', () => {
    const copies = [0, 60, 120, 180].map((at) => event(at * 1000, { port: 7000, sport: 1 }))
    const others = Array.from({ length: 100 }, (_, index) => event(121_000 + index * 100, { port: 10_000 + index }))
    expect(opened(single, [...copies.slice(0, 3), ...others, ...copies.slice(3)])).toEqual([A])
  })

  it('TCP: counted from the last copy', () => {
    const again = [0, 60, 120, 180].map((at) => event(at * 1000, { port: 7000, sport: 1 }))
    expect(opened(single, again)).toEqual([A])
  })

  it('UDP: the same stamp or the same IP id', () => {
    const udp = staticRule(portSteps('7000:udp'))
    const pair = (gapMs: number, first: number | undefined, second: number | undefined, source = 'log'): number => opened(udp, [
      event(0, { port: 7000, proto: 'udp', sport: 1, ...(first !== undefined && { ipId: first }) }),
      event(gapMs, { port: 7000, proto: 'udp', sport: 1, source, ...(second !== undefined && { ipId: second }) }),
    ]).length
    expect([pair(0, undefined, undefined), pair(5, 7, 7), pair(5, 7, 8), pair(5, undefined, undefined), pair(5, 0, 0)]).toEqual([1, 1, 2, 2, 2])
    expect([pair(900, undefined, undefined, 'other'), pair(900, 7, 8, 'other'), pair(2500, undefined, undefined, 'other')]).toEqual([1, 2, 2])
  })
})

describe('steps from several sources, on one clock', () => {
  const mixed = staticRule(portSteps(7000, '/door', '9000:udp'))
  const web = (atMs: number): ConnectionEvent => event(Math.floor(atMs / 1000) * 1000, { path: '/door', source: 'web', resolution: SECOND })

  it('takes a whole-second stamp that lies before the knock it followed', () => {
    expect(opened(mixed, [event(400, { port: 7000 }), web(700), event(900, { port: 9000, proto: 'udp' })])).toEqual([A])
  })

  it('but not by more than that second', () => {
    expect(opened(mixed, [event(2400, { port: 7000 }), web(700), event(2900, { port: 9000, proto: 'udp' })])).toEqual([])
  })
})

describe('time', () => {
  it('must take less than seq_timeout: equal is too late', () => {
    const within = (lastMs: number): string[] => opened(staticRule(portSteps(7000, 8000)), [event(0, { port: 7000 }), event(lastMs, { port: 8000 })])
    expect([within(24_999), within(25_000)]).toEqual([[A], []])
  })
})

describe('how attempts end', () => {
  const ends = (rules: Rule, events: ConnectionEvent[]): string[] => {
    const matcher = new Matcher([rules], 1000)
    const decisions = [...events.flatMap((next) => matcher.read(next)), ...matcher.finish()]
    return decisions.map((decision) => (decision.kind !== 'end' ? decision.kind : `${decision.how} after ${decision.taken}${decision.failure ? ', a failure' : ''}`))
  }

  it('a knock out of place', () => {
    expect(ends(ssh(), knocks([7000, 9000]))).toEqual(['wrong after 1, a failure'])
    expect(ends(ssh(), knocks([7000, 8000, 9000, 8000]))).toEqual(['match'])
  })

  it('too many other ports', () => {
    expect(ends(ssh(), knocks([7000, 8000, 1, 2, 3, 4, 9000]))).toEqual(['scan after 2, a failure'])
    expect(ends(ssh(), knocks([7000, 1, 2, 3, 4]))).toEqual(['scan after 1'])
  })

  it('too slow, or given up', () => {
    expect(ends(ssh(), knocks([7000, 8000, 7000], 20_000))).toEqual(['timeout after 2', 'timeout after 1'])
    expect(ends(ssh(), knocks([7000]))).toEqual(['timeout after 1'])
  })

  it('a swapped pair is no mistake as long as reorder allows it', () => {
    expect(ends(ssh(ms(500)), knocks([7000, 9000], 400))).toEqual(['timeout after 2'])
    expect(ends(ssh(ms(500)), [...knocks([7000, 9000], 400), event(2000, { port: 8000 })])).toEqual([
      'wrong after 2, a failure', 'timeout after 1',
    ])
  })
})

describe('memory', () => {
  it('is bounded by addresses, and keeps who is further on', () => {
    const matcher = new Matcher([ssh()], 100)
    for (const next of knocks([7000, 8000])) matcher.read(next)
    for (let index = 0; index < 100_000; index++) {
      matcher.read(event(1000 + index / 100, { port: 7000, src: parseAddress(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`)! }))
    }
    // Those who have knocked once, and him.
    expect(matcher.addresses).toBe(101)
    expect(matcher.read(event(2100, { port: 9000 })).map(({ kind }) => kind)).toContain('match')
  })

  it('is bounded too if they go on, and tells of everyone that it forgets', () => {
    const matcher = new Matcher([ssh()], 100)
    for (const next of knocks([7000, 8000])) matcher.read(next)
    const decisions = Array.from({ length: 20_000 }, (_, index) => {
      const src = parseAddress(`10.0.${(index >> 9) & 255}.${(index >> 1) & 255}`)!
      return matcher.read(event(1000 + index / 100, { port: index % 2 === 0 ? 7000 : 22, src }))
    }).flat()
    expect(matcher.addresses).toBeLessThanOrEqual(200)
    expect(decisions.every(({ kind }) => kind === 'forgotten')).toBe(true)
    expect(decisions.length + [...matcher.finish()].length).toBe(10_001)
  })

  it('remembers many addresses with one knock each no longer than it may, and who is amid a sequence all the same', () => {
    const matcher = new Matcher([ssh()], 1000)
    for (const next of knocks([7000, 8000])) matcher.read(next)
    let forgotten = 0
    for (let index = 0; index < 300_000; index++) {
      const src = parseAddress(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`)!
      forgotten += matcher.read(event(1000 + index / 100, { port: 7000, src })).length
    }
    expect(matcher.addresses).toBe(1001)
    expect(forgotten).toBe(299_000)
    expect(matcher.read(event(4100, { port: 9000 })).map(({ kind }) => kind)).toEqual(['match'])
  })

  it('forgets the oldest of one address, and still does not open for a scan', () => {
    const events = [event(0, { port: 7000 }), ...Array.from({ length: 5000 }, (_, index) => event(1 + index / 1000, { port: 10_000 + (index % 4) }))]
    expect(opened(ssh(), [...events, event(10, { port: 8000 }), event(11, { port: 9000 })])).toEqual([])
    const chatty = [event(0, { port: 7000 }), ...Array.from({ length: 5000 }, (_, index) => event(1 + index / 1000, { port: 22 }))]
    expect(opened(ssh(), [...chatty, event(10, { port: 8000 }), event(11, { port: 9000 })])).toEqual([A])
  })
})
