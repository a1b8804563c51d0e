import { describe, expect, it } from 'vitest'
import { parseAddress } from '../parsers/address.ts'
import type { Port } from '../parsers/event.ts'
import { SECOND } from '../parsers/time.ts'
import { parseSecret } from '../rules/derive/secret.ts'
import { totpPorts } from '../rules/derive/totp.ts'
import { config, problems, warnings } from './support/config.ts'
import { Gate } from './support/gate.ts'
import { event } from './support/history.ts'

/** What the guard bears, with exact numbers. Those that a spoofer has to spend stand in SECURITY.md. */

const A = '192.0.2.2'
const B = '198.51.100.7'
const STEPS = [7000, 9000, 8000]
/** Two right ports, the second one out of turn. */
const FAILURE = [7000, 8000]
/** After so long without a knock an attempt is forgotten, also one that had too many. */
const SEQ_TIMEOUT_S = 25

const rules = (keys = '', globals = ''): string => `[knocktail]
firewall = null
${globals}
[ssh]
sequence = 7000, 9000, 8000
reorder = 0
ports = 22/tcp
open_for = 30s
${keys}
`
const fail = (gate: Gate, src: string, times: number): void => {
  for (let time = 0; time < times; time++) gate.touch(src, FAILURE)
}
/** An address for each number below 54,000, each in a /16 of its own, none in 9.0.0.0/8. */
const spread = (number: number): string => `${10 + (number % 213)}.${Math.floor(number / 213)}.0.1`

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

describe('what a spoofer spends', () => {
  /** With reorder any step may be the first that was swapped: the packet that ends one attempt begins the next. */
  it.each([
    ['0', 2, 'without reorder two packets a failure, so 20 lock an address out of a static rule for ten minutes'],
    ['500ms', 2, 'the same within the time of reorder'],
    ['any', 2, 'the same where the order does not matter'],
    ['5ms', 1, 'with gaps longer than reorder one packet a failure after the first, so 11'],
  ])('reorder %s, %i packets a failure: %s', (reorder, packets) => {
    const most = (length: number): number => {
      const gate = new Gate(rules('max_failures = 0').replace('reorder = 0', `reorder = ${reorder}`))
      // All ways to send so many packets, each from an address of its own.
      const failures = Array.from({ length: STEPS.length ** length }, (_, number) => {
        const ports = Array.from({ length }, (__, place) => STEPS[Math.floor(number / STEPS.length ** place) % STEPS.length]!)
        return gate.touch(spread(number), ports).filter((name) => name === 'failure').length
      })
      return Math.max(...failures)
    }
    const lengths = [1, 2, 3, 4, 5, 6, 7]
    const expected = packets === 1 ? lengths.map((length) => length - 1) : lengths.map((length) => Math.floor(length / 2))
    lengths.forEach((length, index) => expect(most(length)).toBeLessThanOrEqual(expected[index]!))
    if (reorder === '0' || packets === 1) expect(most(7)).toBe(expected[6])
  })

  it('nothing that counts if he knows no step: a sweep over all ports is no failure', () => {
    const gate = new Gate(rules('', 'scan_ports = 0'))
    gate.touch(A, Array.from({ length: 65_535 }, (_, index) => ((index * 7919) % 65_536) || 1))
    expect([gate.count('failure'), gate.count('lockout'), gate.count('open')]).toEqual([0, 0, 0])
  })

  it('52,258 packets, 32,770 of them to fill the table, lock out a whole /8, and no other', () => {
    const gate = new Gate(rules())
    for (let number = 0; number < 256; number++) gate.touch(`9.${number}.0.1`, FAILURE)
    for (let number = 0; number < 16_128; number++) gate.touch(spread(number), FAILURE)
    // The table is full. With the next one those /8 are folded that hold most: 9.0.0.0/8 is the first.
    gate.touch(spread(16_128), FAILURE)
    for (let number = 0; number < 9743; number++) gate.touch(`9.9.${number >> 8}.${number & 255}`, FAILURE)
    expect(gate.count('lockout')).toBe(0)
    gate.touch('9.200.200.200', FAILURE)
    expect([gate.last('lockout'), gate.count('failure') * 2]).toMatchObject([{ network: '9.0.0.0/8' }, 52_258])
    expect([gate.touch('9.1.2.3', STEPS), gate.touch('8.1.2.3', STEPS), gate.touch(spread(0), STEPS)]).toEqual([[], ['open'], ['open']])
  }, 60_000)
})

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

/** Codes of two users, who have a share of one grant each. */
const SECRETS: Readonly<Record<string, string>> = { alice: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', bob: 'MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U' }
const CODES = `[knocktail]
firewall = null
host_id = gate
[user alice]
secret = alice
[user bob]
secret = bob
[codes]
sequence = 7412, 31877, 50123, totp
users = alice, bob
ports = 22/tcp
open_for = 10m
max_failures = 1
max_rule_failures = 1
max_grants = 1
`
const codes = (path: string): string => SECRETS[path.split('/').at(-1)!]!
const codeOf = (user: string, gate: Gate): number[] =>
  [7412, 31_877, 50_123, ...totpPorts(parseSecret(SECRETS[user]!)!, Math.floor(gate.now / (30 * SECOND)), { digits: 8, bases: [20_000, 40_000] as Port[] })]

describe('what proves a secret', () => {
  const list = (): string => '7001,7002,7003\n7011,7012,7013\n'
  const secret = `${rules('trap_ports = 23', 'scan_ports = 20')}[once]\none_time_sequences = list\nports = 22/tcp\nmax_failures = 1\nmax_rule_failures = 1\ntrap_ports = 24\n`

  it('is heard whatever others sent in its name', () => {
    const gate = new Gate(secret, list)
    fail(gate, A, 10)
    for (let round = 0; round < 20; round++) gate.touch(A, [7001, 7003, 23, 24])
    gate.touch(A, Array.from({ length: 30 }, (_, index) => 100 + index))
    expect(new Set(gate.pipeline.deaf.map(({ why }) => why))).toEqual(new Set(['trap', 'scan', 'lockout']))
    gate.wait(30)
    expect(gate.touch(A, [...STEPS, 7001, 7002, 7003])).toEqual(['open'])
    expect(gate.last('open')).toMatchObject({ rule: 'once' })
  })

  it('is heard after any number of wrong codes', () => {
    const gate = new Gate(CODES, codes)
    for (let time = 0; time < 50; time++) gate.touch(A, [7412, 31_877, 50_123, 20_000, 20_001])
    expect([gate.count('failure') > 20, gate.count('lockout'), gate.pipeline.deaf]).toEqual([true, 0, []])
    gate.wait(SEQ_TIMEOUT_S)
    expect(gate.touch(A, codeOf('alice', gate))).toEqual(['open'])
  })

  it('is told that such limits have no effect', () => {
    expect(warnings(secret, list).filter((line) => line.includes('no effect'))).toEqual([
      't.conf:10: rule once: trap_ports has no effect on knocks that prove a secret, since anyone could lock their user out: drop it',
      't.conf:10: rule once: max_rule_failures has no effect on knocks that prove a secret, since anyone could lock their user out: drop it',
    ])
  })
})

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
