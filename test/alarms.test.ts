import { describe, expect, it } from 'vitest'
import { parseAddress } from '../parsers/address.ts'
import { packet, type ConnectionEvent, type Port } from '../parsers/event.ts'
import { HOUR, SECOND, type Micros } from '../parsers/time.ts'
import type { Config } from '../src/config/config.ts'
import { Canary } from '../src/daemon/canary.ts'
import type { Send } from '../src/daemon/canary-packet.ts'
import { Silence } from '../src/daemon/silence.ts'
import { checkLogRules } from '../src/firewalls/log-check.ts'
import type { Runner } from '../src/firewalls/run.ts'
import type { LogEvent } from '../src/log/event.ts'
import type { EventBatch } from '../src/sources/source.ts'
import { config, problems } from './support/config.ts'
import { sourceConfig } from './support/followed.ts'

function recorder(): { clock: { now: number }; clocks: { boot: () => Micros }; told: LogEvent[]; log: { write: (event: LogEvent) => void; reopen: () => void; end: () => void } } {
  const clock = { now: 1e12 }
  const told: LogEvent[] = []
  return { clock, told, clocks: { boot: () => clock.now as Micros }, log: { write: (event) => told.push(event), reopen: () => {}, end: () => {} } }
}

describe('silence', () => {
  it('is told once, when quiet_after is over, and when it ends', () => {
    const { clock, clocks, told, log } = recorder()
    const silence = new Silence(clocks, log)
    let heard: number | undefined
    const look = (seconds: number): string[] => {
      clock.now += seconds * SECOND
      silence.look([sourceConfig({ kind: 'kmsg' }, { quietAfter: (10 * SECOND) as Micros }), sourceConfig({ kind: 'kmsg' }, { name: 'may be quiet' })], (name) => (name === 'test' ? heard as Micros | undefined : undefined))
      return told.splice(0).map(({ event }) => event)
    }
    expect(look(0)).toEqual([])
    expect(look(9.9)).toEqual([])
    expect(look(0.1)).toEqual(['source-quiet'])
    expect(look(100)).toEqual([])
    heard = clock.now + SECOND
    expect(look(2)).toEqual(['source-heard'])
    expect(look(8.9)).toEqual([])
    expect(look(0.2)).toEqual(['source-quiet'])
  })
})

const SOURCES = `[source kernel]
follow = kmsg
prefix = "knock: "
canary = yes
[source other]
follow = kmsg
prefix = "other: "
`
const RULES = config(`[knocktail]\nfirewall = null\n${SOURCES}[web]\nsequence = GET /sundial-9c1f70ab, GET /lichen-0b7e4d92\nports = 80/tcp\n[ssh]\nsequence = 31877, 7412:udp, 52044\nports = 22/tcp\n`)

describe('the canary', () => {
  function canary(rules: Config = RULES, why?: string) {
    const { clock, clocks, told, log } = recorder()
    const sent: Parameters<Send>[0][] = []
    const one = new Canary({
      clocks, log, config: () => rules, address: () => parseAddress('192.0.2.1'),
      send: (each) => {
        sent.push(each)
        return Promise.resolve(why)
      },
    })
    const pass = async (seconds: number): Promise<string[]> => {
      for (let second = 0; second < seconds; second++) {
        clock.now += SECOND
        one.look()
        await Promise.resolve()
      }
      return told.splice(0).map(({ event, text }) => `${event}: ${text}`)
    }
    const logged = (source: string, change: object = {}): EventBatch => {
      const { proto, address, sport, dport } = sent.at(-1)!
      const event = { ...packet({ proto, src: address, dst: address }), sport: sport as Port, dport: dport as Port, time: 0 as Micros, resolution: 1 as Micros, source, ...change } as ConnectionEvent
      return { source, events: [event], backlog: false }
    }
    return { one, sent, pass, logged }
  }

  it('is a packet to the first port of a static sequence, which is no knock, once an hour', async () => {
    const { one, sent, pass, logged } = canary()
    expect(await pass(2)).toEqual([])
    expect(sent).toMatchObject([{ proto: 'tcp', address: '192.0.2.1', dport: 31877 }])
    expect(one.filter(logged('kernel')).events).toEqual([])
    // The same through a source that has no canary, and copies of it.
    expect(one.filter(logged('other')).events).toEqual([])
    expect(one.filter(logged('kernel')).events).toEqual([])
    expect(await pass(HOUR / SECOND - 1)).toEqual([])
    expect(sent.length).toBe(1)
    await pass(1)
    expect(sent.length).toBe(2)
  })

  it.each<[string, object]>([
    ['another address', { src: '192.0.2.2' }], ['another port', { dport: 7412 }], ['another source port', { sport: 1 }], ['UDP', { proto: 'udp' }],
  ])('is not %s: that is handed on, and it is missed', async (_name, change) => {
    const { one, pass, logged } = canary()
    await pass(2)
    expect(one.filter(logged('kernel', change)).events.length).toBe(1)
    expect(await pass(6)).toEqual(['canary-missing: source kernel: a packet from 192.0.2.1 to its own port 31877/tcp was not logged within 5 s'])
  })

  it('is tried again each minute while it is missed, told once, and told when it is seen', async () => {
    const { one, sent, pass, logged } = canary()
    expect((await pass(200)).length).toBe(1)
    expect(sent.length).toBe(4)
    one.filter(logged('kernel'))
    expect(await pass(1)).toEqual(['canary-seen: source kernel shows our own packet again'])
  })

  it('says why it could not be sent, or that there is nowhere to knock', async () => {
    expect((await canary(RULES, 'address family not supported').pass(8))[0]).toContain('could not be sent: address family not supported')
    const web = config(`[knocktail]\nfirewall = null\n${SOURCES}[web]\nsequence = GET /sundial-9c1f70ab, GET /lichen-0b7e4d92\nports = 80/tcp\n`)
    expect(await canary(web).pass(8)).toEqual(['canary-missing: source kernel: no rule has a port to knock at'])
  })
})

it('belongs to logs of packets only', () => {
  expect(problems(`[knocktail]\n[source web]\nfollow = file:/x\nparser = clf\ncanary = yes\n`)).toEqual(['t.conf:2: source web has canary = yes, but clf is no log of packets: set quiet_after instead'])
})

describe('the rule that logs', () => {
  const found = async (rules: Record<string, string>, prefix = 'knock: '): Promise<number> => {
    const run: Runner = ({ program }) => Promise.resolve({ code: rules[program] === 'refused' ? 1 : 0, stdout: rules[program] ?? '', stderr: '', timedOut: false })
    return (await checkLogRules([sourceConfig({ kind: 'kmsg' }, { prefix })], { run, find: (name) => (name in rules ? name : undefined) })).length
  }

  it.each<[Record<string, string>, number]>([
    [{ nft: 'tcp dport 1 log prefix "knock: " drop' }, 0],
    [{ nft: 'tcp dport 1 log prefix "knock" drop' }, 1],
    [{ nft: '', 'iptables-save': '-A INPUT -j LOG --log-prefix "knock: "' }, 0],
    [{ nft: '', 'ip6tables-save': '-A INPUT -j LOG --log-prefix "knock: "' }, 0],
    [{ nft: 'comment "knock: "' }, 1],
    [{ nft: 'refused', 'iptables-save': '' }, 0],
    [{}, 0],
  ])('%j: %d findings', async (rules, count) => expect(await found(rules)).toBe(count))

  it('may have a prefix without blanks, unquoted, or with quotes in it', async () => {
    expect(await found({ 'iptables-save': '-j LOG --log-prefix knock:' }, 'knock:')).toBe(0)
    expect(await found({ 'iptables-save': '-j LOG --log-prefix "a\\"b"' }, 'a"b')).toBe(0)
  })

  it('of another machine cannot be looked for', async () => {
    const run: Runner = () => Promise.resolve({ code: 0, stdout: '', stderr: '', timedOut: false })
    expect(await checkLogRules([sourceConfig({ kind: 'file', path: '/x' }, { prefix: 'knock: ' })], { run, find: () => 'nft' })).toEqual([])
  })
})
