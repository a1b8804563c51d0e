import { describe, expect, it } from 'vitest'
import type { Address } from '../parsers/address.ts'
import type { Port } from '../parsers/event.ts'
import type { Micros } from '../parsers/time.ts'
import { Comparison } from '../src/doors/comparison.ts'
import type { DoorEvent } from '../src/doors/door-event.ts'
import type { Listed } from '../src/firewalls/firewall.ts'
import { targetId, type Target } from '../src/firewalls/target.ts'
import { KeyRecords } from '../src/grants/key-records.ts'
import { FirewallModel } from './support/firewall-model.ts'

const A = '192.0.2.7' as Address
const NOW = (): Micros => 0 as Micros

const byPort = (port: number): Target => ({ firewall: 'iptables', settings: {}, port: { proto: 'tcp', port: port as Port } })
const inSet = (set: string, port: number): Target => ({ firewall: 'nftables', settings: { set4: [set] }, ports: [{ proto: 'tcp', port: port as Port }] })

/** What comes of an entry at `target` of which nothing is known, while the address has a key at `held`. */
async function found(target: Target, mark: Listed['mark'], { held, closes = true }: { held?: Target; closes?: boolean } = {}): Promise<{ closed: Address[]; told: DoorEvent['kind'][] }> {
  const keys = new KeyRecords()
  if (held) keys.put({ id: targetId(held), target: held, address: A, foreign: false, inDoubt: false, kill: false })
  const told: DoorEvent['kind'][] = []
  const helper = new FirewallModel(NOW, { expires: false, marks: true, looks: true }).helper(() => true)
  const comparison = new Comparison({
    helper: { ...helper, list: async () => ({ kind: 'listed', entries: [{ address: A, seconds: undefined, mark }] }) },
    clocks: { boot: NOW, wall: NOW, monotonic: NOW }, keys, deadline: () => undefined, told: ({ kind }) => told.push(kind),
  })
  const closed = (await comparison.compare(targetId(target), target, closes)).map(({ address }) => address)
  return { closed, told }
}

describe('an entry of which nothing is known', () => {
  it('is closed if it bears our mark', async () => expect(await found(byPort(22), 'ours')).toEqual({ closed: [A], told: ['restored'] }))
  it('is left alone if it bears somebody else\'s', async () => expect(await found(byPort(22), 'foreign')).toEqual({ closed: [], told: [] }))
  it('is told and left alone where nothing bears a mark', async () => expect(await found({ firewall: 'pf', settings: {} }, 'unmarked')).toEqual({ closed: [], told: ['stray'] }))
  it('is left alone by who only observes', async () => expect(await found(byPort(22), 'ours', { closes: false })).toEqual({ closed: [], told: [] }))
  it('is closed at one port also while the address holds another', async () => expect((await found(byPort(22), 'ours', { held: byPort(873) })).closed).toEqual([A]))
  it('is another target\'s where a reload has made another one of the same set', async () =>
    expect(await found(inSet('knock4', 22), 'ours', { held: inSet('knock4', 2222) })).toEqual({ closed: [], told: [] }))
})
