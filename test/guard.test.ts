import { describe, expect, it } from 'vitest'
import { config } from './support/config.ts'
import { Gate } from './support/gate.ts'
import { A, B, fail, FAILURE, rules, SEQ_TIMEOUT_S, spread, STEPS } from './support/guarded.ts'

/** Who fails too often is not listened to, with exact numbers. */

describe('lock-out', () => {
  it('comes with the tenth failure within ten minutes, and lasts ten minutes', () => {
    const gate = new Gate(rules())
    fail(gate, A, 9)
    expect(gate.touch(A, STEPS)).toEqual(['open'])
    gate.wait(30)
    expect(gate.touch(A, FAILURE)).toEqual(['failure', 'lockout'])
    expect(gate.last('lockout')).toMatchObject({ rule: 'ssh', address: A, network: A, until: gate.now + 600_000_000 })
    expect(gate.pipeline.deaf).toEqual([{ why: 'lockout', rule: 'ssh', network: A, until: gate.now + 600_000_000 }])
    gate.wait(599.9)
    expect(gate.touch(A, STEPS)).toEqual([])
    gate.wait(0.1)
    expect(gate.pipeline.deaf).toEqual([])
    expect(gate.touch(A, STEPS)).toEqual(['open'])
  })

  it('does not come to who mistypes three times, in whatever order he gets four ports', () => {
    const four = [7000, 9000, 8000, 8500]
    for (let number = 0; number < 24; number++) {
      const left = [...four]
      const order = [4, 3, 2, 1].map((count, place) => left.splice(Math.floor(number / [1, 4, 12, 24][place]!) % count, 1)[0]!)
      const gate = new Gate(rules().replace('7000, 9000, 8000\nreorder = 0', four.join()))
      for (let time = 0; time < 3; time++) for (const port of order) {
        gate.wait(1)
        gate.touch(A, [port])
      }
      gate.wait(3)
      gate.touch(A, four)
      expect({ order, lockouts: gate.count('lockout'), opens: gate.count('open') }).toEqual({ order, lockouts: 0, opens: 1 })
    }
  })

  it('does not come where the failures are further apart, and counts anew after it', () => {
    const gate = new Gate(rules())
    fail(gate, A, 9)
    gate.wait(600)
    fail(gate, A, 9)
    expect(gate.count('lockout')).toBe(0)
    fail(gate, A, 1)
    gate.wait(600)
    fail(gate, A, 9)
    expect([gate.count('lockout'), gate.count('failure')]).toEqual([1, 28])
  })

  it('is told once: while it stands nothing that its address sends counts', () => {
    const gate = new Gate(rules())
    fail(gate, A, 200)
    expect([gate.count('failure'), gate.count('lockout')]).toEqual([10, 1])
  })

  it('is of one address, and of one rule', () => {
    const gate = new Gate(`${rules()}[web]\nsequence = 5000, 6000\nports = 80/tcp\n`)
    fail(gate, A, 10)
    expect([gate.touch('192.0.2.3', STEPS), gate.touch(A, [5000, 6000])]).toEqual([['open'], ['open']])
  })

  it('in IPv6 is of a /64, or of a /48 that failed ten times as often', () => {
    const gate = new Gate(rules())
    for (let host = 1; host <= 10; host++) gate.touch(`2001:db8:7:1::${host}`, FAILURE)
    expect(gate.last('lockout')).toMatchObject({ network: '2001:db8:7:1::/64' })
    expect([gate.touch('2001:db8:7:1:ffff::', STEPS), gate.touch('2001:db8:7:2::1', STEPS)]).toEqual([[], ['open']])
    for (let net = 10; net < 99; net++) gate.touch(`2001:db8:7:${net}::1`, FAILURE)
    expect(gate.count('lockout')).toBe(1)
    gate.touch('2001:db8:7:a00::1', FAILURE)
    expect(gate.last('lockout')).toMatchObject({ network: '2001:db8:7::/48' })
    expect([gate.touch('2001:db8:7:b00::1', STEPS), gate.touch('2001:db8:8::1', STEPS)]).toEqual([[], ['open']])
  })

  it('can be of everybody, if the rule has a budget', () => {
    const gate = new Gate(rules('max_rule_failures = 50\nlockout = 5m'))
    for (let number = 0; number < 50; number++) gate.touch(spread(number), FAILURE)
    expect(gate.last('lockout')).toMatchObject({ network: 'any' })
    expect(gate.touch(B, STEPS)).toEqual([])
    gate.wait(300)
    expect(gate.touch(B, STEPS)).toEqual(['open'])
  })

  it('touches nobody who holds a grant, nor always_allow', () => {
    const gate = new Gate(rules('open_for = 5m', 'always_allow = 198.51.100.0/24').replace('open_for = 30s\n', ''))
    gate.touch(A, STEPS)
    fail(gate, A, 50)
    fail(gate, B, 50)
    expect(gate.count('lockout')).toBe(0)
    gate.wait(SEQ_TIMEOUT_S)
    expect([gate.touch(A, STEPS), gate.touch(B, STEPS)]).toEqual([['extend'], ['allowed']])
  })

  it('of a network leaves alone who holds a grant in it', () => {
    const gate = new Gate(rules('lockout = 20s'))
    gate.touch('2001:db8:7:1::1', STEPS)
    fail(gate, '2001:db8:7:1::2', 10)
    expect([gate.count('lockout'), ...gate.touch('2001:db8:7:1::1', STEPS)]).toEqual([1, 'extend'])
  })

  it('ends at a reload that takes its budget away, and goes on at any other', () => {
    const gate = new Gate(rules())
    fail(gate, A, 10)
    gate.pipeline.reload(config(rules()))
    expect(gate.pipeline.deaf).toHaveLength(1)
    gate.pipeline.reload(config(rules('max_failures = 0')))
    expect([gate.pipeline.deaf, gate.touch(A, STEPS)]).toEqual([[], ['open']])
    fail(gate, A, 1000)
    expect(gate.count('lockout')).toBe(1)
  })

  it('is none in a knockd.conf that does not ask for it', () => {
    const knockd = (more: string): string => `[ssh]\nsequence = 7000,9000,8000\ntcpflags = syn\nstart_command = up\nstop_command = down\n${more}`
    const [gate, strict] = [new Gate(knockd('')), new Gate(knockd('max_failures = 3'))]
    for (const each of [gate, strict]) {
      fail(each, A, 30)
      each.wait(SEQ_TIMEOUT_S)
    }
    expect([gate.touch(A, STEPS), strict.touch(A, STEPS)]).toEqual([['open'], []])
  })
})
