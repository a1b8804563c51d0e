import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAddress, type Address } from '../parsers/address.ts'
import { parseNetwork } from '../parsers/network.ts'
import { MINUTE, SECOND, type Micros } from '../parsers/time.ts'
import type { GuardLimits } from '../src/config/config.ts'
import type { Grant, Grants } from '../src/grants/grants.ts'
import { Caps } from '../src/guard/caps.ts'
import { CoolDowns } from '../src/guard/cool-downs.ts'
import { Lockouts } from '../src/guard/lockouts.ts'
import { Marks } from '../src/guard/marks.ts'
import { ALL_PARTS, keyNetworkText, networkKey, networkText, originOf, senderKey } from '../src/guard/origin.ts'
import { Scanners } from '../src/guard/scanners.ts'
import { config } from './support/config.ts'
import { Gate } from './support/gate.ts'

/** What must hold whatever is spoofed. */

const LIMITS: GuardLimits = { ...config('[knocktail]\n[d]\nsequence = 7, 9\nstart_command = x\n').rules[0]!.guard, maxFailures: 2, failureWindow: MINUTE, lockout: MINUTE }

const v4 = fc.ipV4()
const v6 = fc.tuple(fc.nat(0xffff), fc.nat(3), fc.nat(0xffff), fc.nat(3), fc.nat(0xffff)).map(([a, b, c, d, e]) => `2${a.toString(16).padStart(3, '0').slice(-3)}:${b}:${c.toString(16)}:${d}::${e.toString(16)}`)
const addresses: fc.Arbitrary<Address> = fc.oneof(v4, fc.nat(600).map((n) => `192.0.${n >> 8}.${n & 255}`), v6, fc.ipV6()).map((text) => parseAddress(text)!).filter(Boolean)

describe('networks', () => {
  it('are told as what contains the address', () => {
    fc.assert(fc.property(addresses, fc.nat(ALL_PARTS), (address, length) => {
      const origin = originOf(address)
      const text = networkText(origin, length)
      expect(parseNetwork(text)?.contains(address)).toBe(true)
      expect(keyNetworkText(senderKey(address))).toBe(networkText(origin, ALL_PARTS))
    }))
  })

  it('have one key each: two addresses have the same one if, and only if, the network of one contains the other', () => {
    fc.assert(fc.property(addresses, addresses, fc.integer({ min: 1, max: ALL_PARTS }), (one, other, length) => {
      const isSame = networkKey(originOf(one), length) === networkKey(originOf(other), length)
      expect(isSame).toBe(parseNetwork(networkText(originOf(one), length))!.contains(other))
    }))
  })
})

describe('a lock-out', () => {
  const CAPACITY = 16

  it('stands until its time, whatever is spoofed meanwhile, in bounded memory', () => {
    const failures = fc.array(fc.tuple(addresses, fc.constantFrom('one', 'two'), fc.nat(4)), { minLength: 50, maxLength: 400 })
    fc.assert(fc.property(failures, (history) => {
      const lockouts = new Lockouts(CAPACITY)
      let now = SECOND as number
      let standing: { rule: string; address: Address; until: number }[] = []
      for (const [address, rule, seconds] of history) {
        now += seconds * SECOND
        for (let time = 0; time < 2; time++) {
          if (lockouts.isOut(rule, originOf(address), now as Micros)) continue
          const lockout = lockouts.failed(rule, originOf(address), LIMITS, now as Micros)
          if (lockout) standing.push({ rule, address, until: lockout.until })
        }
        standing = standing.filter(({ until }) => until > now)
        for (const { rule: name, address: one } of standing) expect(lockouts.isOut(name, originOf(one), now as Micros)).toBe(true)
        expect(lockouts.size).toBeLessThanOrEqual(3 * CAPACITY)
      }
      now += MINUTE
      for (const [address, rule] of history) expect(lockouts.isOut(rule, originOf(address), now as Micros)).toBe(false)
    }), { numRuns: 100 })
  })

  it('of many is folded into the smallest networks that make room', () => {
    const lockouts = new Lockouts(CAPACITY)
    const out = (text: string): boolean => lockouts.isOut('one', originOf(parseAddress(text)!), SECOND)
    const lock = (text: string): void => void [1, 2].map(() => lockouts.failed('one', originOf(parseAddress(text)!), LIMITS, SECOND))
    for (let host = 1; host <= 3; host++) lock(`192.0.2.${host}`)
    for (let net = 0; net < 13; net++) lock(`10.0.${net}.1`)
    expect([out('192.0.2.9'), out('10.0.0.2')]).toEqual([false, false])
    lock('203.0.113.1')
    expect(['192.0.2.9', '192.0.3.1', '10.0.99.1', '10.1.0.1', '203.0.113.1', '203.0.113.2'].map(out)).toEqual([true, false, true, false, true, false])
  })
})

describe('failures of many', () => {
  it.each([
    ['a /24', (n: number) => `192.0.2.${n}`, '192.0.2.0/24', 20], ['a /16', (n: number) => `192.0.${n}.1`, '192.0.0.0/16', 200],
    ['a /8', (n: number) => `10.${n}.1.1`, '10.0.0.0/8', 2000], ['an IPv6 /32', (n: number) => `2001:db8:${n}::`, '2001:db8::/32', 200],
    ['an IPv6 /16', (n: number) => `2001:${n}::`, '2001::/16', 2000],
  ])('are counted together for %s when the table is full, and ten times as many are borne for each step up', (_, address, network, budget) => {
    const lockouts = new Lockouts(16)
    const failed = (n: number): string | undefined => lockouts.failed('one', originOf(parseAddress(address(n))!), LIMITS, SECOND)?.network
    const told = Array.from({ length: budget }, (__, n) => failed(n % 250))
    expect([told.findIndex((text) => text !== undefined), told.at(-1)]).toEqual([budget - 1, network])
  })
})

describe('a mark', () => {
  it('stands for 60 s from its first cause, and no other pushes it out', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(40), fc.nat(20), fc.nat(70)), { maxLength: 300 }), (history) => {
      const marks = new Marks(8)
      const until = new Map<string, number>()
      let now = SECOND as number
      for (const [name, seconds, ago] of history) {
        now += seconds * SECOND
        const at = now - ago * SECOND
        if (marks.mark(String(name), at as Micros, now as Micros)) {
          expect(until.get(String(name)) ?? 0).toBeLessThanOrEqual(now)
          until.set(String(name), at + MINUTE)
          expect(at + MINUTE).toBeGreaterThan(now)
        }
        for (const [one, end] of until) expect(marks.stands(one, now as Micros)).toBe(end > now)
        expect(marks.size).toBeLessThanOrEqual(8)
      }
    }))
  })
})

describe('a rule that proves a secret', () => {
  const list = '7001,7002,7003\n'
  const text = `[knocktail]
firewall = null
max_attempts = 16
scan_ports = 5
[ssh]
sequence = 7000, 9000, 8000
ports = 22/tcp
max_failures = 1
max_rule_failures = 3
trap_ports = 23
[once]
one_time_sequences = list
ports = 80/tcp
max_failures = 1
`

  it('hears its user whatever was sent in his name, and in others', () => {
    const sources = ['192.0.2.2', '192.0.2.3', '198.51.100.7']
    const packets = fc.array(fc.tuple(fc.constantFrom(...sources), fc.constantFrom(7000, 8000, 9000, 7001, 23, 100, 101, 102, 103)), { maxLength: 60 })
    fc.assert(fc.property(packets, (history) => {
      const gate = new Gate(text, () => list)
      for (const [src, port] of history) gate.touch(src, [port])
      expect(gate.pipeline.deaf.filter(({ rule }) => rule === 'once')).toEqual([])
      gate.wait(25)
      expect(gate.touch('192.0.2.2', [7001, 7002, 7003])).toContain('open')
    }), { numRuns: 300 })
  })
})

describe('caps', () => {
  const limits: GuardLimits = { ...LIMITS, maxGrants: 3, maxOpens: 0 }
  const asks = fc.array(fc.record({ user: fc.constantFrom('alice', 'bob', undefined), host: fc.nat(200), connects: fc.boolean() }), { maxLength: 80 })

  it('never refuse a user who is below his share, whatever the others do, and never close what is in use', () => {
    fc.assert(fc.property(asks, (history) => {
      const standing = new Map<string, Grant>()
      const connected = new Set<Grant>()
      const heldBy: Grants['heldBy'] = ({ user }) => new Map([...standing.values()].filter((grant) => grant.user === user).map((grant) => [grant.address, grant]))
      const caps = new Caps({ grants: { heldBy }, isConnected: (grant) => connected.has(grant) })
      for (const { user, host, connects } of history) {
        const address = `192.0.2.${host}` as Address
        const key = `${user} ${address}`
        if (standing.has(key)) continue
        const own = [...standing.values()].filter((grant) => grant.user === user)
        const admission = caps.admit({ rule: 'ssh', user, address }, limits, SECOND)
        expect(admission.kind).toBe(own.length < 3 || own.some((grant) => !connected.has(grant)) ? 'open' : 'capped')
        if (admission.kind !== 'open') continue
        for (const evicted of admission.evict) {
          expect([evicted.user, connected.has(evicted)]).toEqual([user, false])
          expect(evicted).toBe(own.find((grant) => !connected.has(grant)))
          standing.delete(`${user} ${evicted.address}`)
        }
        const grant = { rule: 'ssh', user, address } as Grant
        standing.set(key, grant)
        if (connects) connected.add(grant)
        expect([...standing.values()].filter((one) => one.user === user).length).toBeLessThanOrEqual(3)
      }
    }))
  })

  it('on opens are each user\'s own', () => {
    const caps = new Caps({ grants: { heldBy: () => new Map() }, isConnected: () => false })
    const asker = (user?: string): { rule: string; user?: string | undefined; address: Address } => ({ rule: 'ssh', user, address: '192.0.2.1' as Address })
    const one = { ...limits, maxOpens: 1 }
    caps.opened(asker('alice'), SECOND)
    expect([asker('alice'), asker('bob'), asker()].map((who) => caps.admit(who, one, SECOND).kind)).toEqual(['capped', 'open', 'open'])
  })
})

describe('what is remembered of origins', () => {
  it('is bounded, whatever comes', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(60), fc.nat(5), fc.nat(40)), { maxLength: 300 }), (history) => {
      const [scanners, coolDowns] = [new Scanners(8), new CoolDowns(8)]
      let now = SECOND as number
      for (const [host, port, seconds] of history) {
        now += seconds * SECOND
        scanners.touch(`192.0.2.${host}`, port, 5, now as Micros)
        coolDowns.begin({ rule: 'ssh', address: `192.0.2.${host}` as Address }, (now + SECOND) as Micros)
        expect(Math.max(scanners.size, coolDowns.size)).toBeLessThanOrEqual(8)
      }
    }))
  })

  it('of scanners is what each touched within a minute of his first port, and the oldest go', () => {
    const touch = fc.record({ sender: fc.nat(4).map(String), port: fc.oneof(fc.nat(8), fc.nat(300), fc.nat(0x1ffff)), seconds: fc.nat(20) })
    fc.assert(fc.property(fc.array(touch, { maxLength: 200 }), fc.constantFrom(2, 4, 30), (history, firstLimit) => {
      const scanners = new Scanners(3)
      let now = SECOND as number
      const windows = new Map<string, { ends: number; ports: Set<number> }>()
      for (const [index, { sender, port, seconds }] of history.entries()) {
        // A reload may ask for more.
        const limit = index < history.length / 2 ? firstLimit : firstLimit + 3
        now += seconds * SECOND
        if ((windows.get(sender)?.ends ?? 0) <= now) {
          windows.delete(sender)
          windows.set(sender, { ends: now + MINUTE, ports: new Set() })
          if (windows.size > 3) windows.delete(windows.keys().next().value!)
        }
        const { ports } = windows.get(sender)!
        ports.add(port)
        expect(scanners.touch(sender, port, limit, now as Micros)).toBe(ports.size >= limit)
        if (ports.size >= limit) windows.delete(sender)
        expect(scanners.size).toBe(windows.size)
      }
    }))
  })
})
