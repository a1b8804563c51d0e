import { describe, expect, it } from 'vitest'
import { SECOND } from '../parsers/time.ts'
import { problems } from './support/config.ts'
import { Gate } from './support/gate.ts'
import { A, B, rules, STEPS } from './support/guarded.ts'
import { event } from './support/history.ts'

/** Who touches what nobody has to touch, and who touches too much. */

describe('a trap', () => {
  it('is one packet; the rule is deaf for a minute, which more packets do not make longer', () => {
    const gate = new Gate(rules('trap_ports = 23, 7001/udp'))
    expect(gate.touch(A, [23])).toEqual(['trapped'])
    expect(gate.last('trapped')).toMatchObject({ rule: 'ssh', address: A, port: '23/tcp', until: gate.now + 60_000_000 })
    expect(gate.pipeline.deaf).toEqual([{ why: 'trap', rule: 'ssh', network: A, until: gate.now + 60_000_000 }])
    for (let seconds = 0; seconds < 59; seconds++) {
      gate.wait(1)
      gate.touch(A, [23])
    }
    expect([gate.count('trapped'), ...gate.touch(A, STEPS)]).toEqual([1])
    gate.wait(0.37)
    expect(gate.touch(A, STEPS)).toEqual(['open'])
    expect([gate.touch(B, [7001]), gate.touch(B, [7001], { proto: 'udp' })]).toEqual([[], ['trapped']])
  })

  it('is for a minute from the packet, not from when its line was read', () => {
    const gate = new Gate(rules('trap_ports = 23'))
    gate.wait(100)
    const touch = (secondsAgo: number): string[] => gate.read(event((gate.now - secondsAgo * SECOND) / 1000, { port: 23 })).map(({ event: name }) => name)
    expect([touch(60), touch(50), touch(0)]).toEqual([[], ['trapped'], []])
    expect(gate.pipeline.deaf).toMatchObject([{ until: gate.now + 10 * SECOND }])
    gate.wait(10)
    expect(gate.touch(A, STEPS)).toEqual(['open'])
  })

  it('is for its own rule, for packets that could knock, and for all of an IPv6 /64', () => {
    const gate = new Gate(`${rules('trap_ports = 23\nfrom = 192.0.2.0/24, 2001:db8::/32')}[web]\nsequence = 5000, 6000\nports = 80/tcp\n`)
    expect([gate.touch(B, [23]), gate.touch(A, [23], { flags: 0x10 }), gate.touch(A, [23], { dir: 'out' })]).toEqual([[], [], []])
    expect([gate.touch(A, [23]), gate.touch(A, [5000, 6000])]).toEqual([['trapped'], ['open']])
    expect([gate.touch('2001:db8::1', [23]), gate.touch('2001:db8::2', STEPS), gate.touch('2001:db8:0:1::2', STEPS)]).toEqual([['trapped'], [], ['open']])
    expect(gate.pipeline.deaf.map(({ network }) => network)).toEqual([A, '2001:db8::/64'])
  })

  it('is not set where a door is knocked on', () => {
    expect(problems(rules('trap_ports = 9000'))).toEqual([
      't.conf:4: trap_ports: 9000/tcp of rule ssh is knocked on for rule ssh: take a port that nobody has to touch',
    ])
    expect(problems(`${rules('trap_ports = 6000')}[web]\nsequence = 5000, 6000:udp\nports = 22/tcp\n`)).toEqual([])
  })
})

describe('a scanner', () => {
  const ports = (from: number, count: number): number[] => Array.from({ length: count }, (_, index) => from + index)

  it('touches 100 ports within a minute: told once, static rules are deaf to it for a minute', () => {
    const gate = new Gate(rules())
    expect(gate.touch(A, [...ports(100, 99), ...ports(100, 99)])).toEqual([])
    expect(gate.touch(A, ports(300, 1000))).toEqual(['scanner'])
    expect(gate.last('scanner')).toEqual({ event: 'scanner', address: A, time: gate.now - 9_990_000, ports: 100, until: gate.now - 9_990_000 + 60_000_000 })
    expect([gate.touch(A, STEPS), gate.touch(B, STEPS)]).toEqual([[], ['open']])
    expect(gate.pipeline.deaf).toMatchObject([{ why: 'scan', rule: 'any', network: A }])
    gate.wait(50)
    expect(gate.touch(A, STEPS)).toEqual(['open'])
  })

  it('is counted anew when the clock was set back', () => {
    const gate = new Gate(rules())
    gate.touch(A, ports(100, 99))
    gate.pipeline.forget()
    expect([gate.touch(A, ports(300, 99)), gate.touch(A, [999])]).toEqual([[], ['scanner']])
  })

  it('that begins a sequence each time is told of once a minute, and fails each time', () => {
    const gate = new Gate(rules('max_failures = 100'))
    const sweep = [7000, 9000, 22, 25, 80, 443]
    for (let time = 0; time < 5; time++) gate.touch(A, sweep)
    expect([gate.count('scan'), gate.pipeline.tally.rules.get('ssh')?.failedAt.get(3)]).toEqual([1, 5])
    gate.wait(60)
    gate.touch(A, sweep)
    expect(gate.count('scan')).toBe(2)
  })

  it('is none that takes longer, that only answers, or that is told from requests', () => {
    const gate = new Gate(rules())
    for (const port of ports(100, 200)) {
      gate.wait(0.7)
      gate.touch(A, [port])
    }
    gate.touch(A, ports(10_000, 200), { dir: 'out' })
    expect(gate.count('scanner')).toBe(0)
    const off = new Gate(rules('', 'scan_ports = 0'))
    expect([off.touch(A, ports(100, 5000)), off.touch(A, STEPS)]).toEqual([[], ['open']])
  })
})
