import { beforeEach, describe, expect, it } from 'vitest'
import type { Address } from '../parsers/address.ts'
import { SECOND, type Micros } from '../parsers/time.ts'
import { Doors } from '../src/doors/doors.ts'
import type { Listed } from '../src/firewalls/firewall.ts'
import { targetsOf } from '../src/firewalls/targets.ts'
import type { Helper } from '../src/front/helper.ts'
import { config } from './support/config.ts'

/** Ten thousand grants at once: what a firewall is asked for, and in what order. */

const COUNT = 10_000
const AT_ONCE = 1000
const CONFIG = config('[knocktail]\nfirewall = nftables\n[firewall nftables]\nset4 = inet filter knock4\n[ssh]\nsequence = 7000, 8000, 9000\nports = 22/tcp\nopen_for = 30s\n[web]\nsequence = 7001, 8001, 9001\nports = 22/tcp\n')
const TARGET = targetsOf(CONFIG.rules[0]!, CONFIG, undefined)
const ADDRESSES = Array.from({ length: COUNT }, (_, index) => `10.0.${index >> 8}.${index & 255}` as Address)
const KNOCKER = '192.0.2.7' as Address

/** A firewall that answers in the next turn, and writes down what it was asked for. */
class Recorder {
  readonly calls: string[] = []
  readonly held = new Map<Address, Listed>()
  asked = (_call: string): void => {}

  readonly helper = {
    add: (_target, entries) => this.#answer(`add ${entries.length}`, () => entries.map(({ address, seconds }) => {
      this.held.set(address, { address, seconds, mark: 'ours' })
      return { kind: 'done' } as const
    })),
    remove: (_target, addresses) => this.#answer(`remove ${addresses.length}`, () => addresses.map((address) => {
      this.held.delete(address)
      return { kind: 'done' } as const
    })),
    list: () => this.#answer('list', () => ({ kind: 'listed', entries: [...this.held.values()] } as const)),
  } satisfies Partial<Helper>

  async #answer<T>(call: string, act: () => T): Promise<T> {
    this.calls.push(call)
    this.asked(call)
    await new Promise((resolve) => setImmediate(resolve))
    return act()
  }
}

let firewall: Recorder
let doors: Doors
let now: Micros
beforeEach(() => {
  firewall = new Recorder()
  now = SECOND
  const clock = (): Micros => now
  doors = new Doors({
    helper: firewall.helper as unknown as Helper, clocks: { wall: clock, boot: clock, monotonic: clock }, bootId: 'b', keepMatches: SECOND,
    ledger: { problem: undefined, keep: () => {}, save: async () => true }, told: () => {}, ledgerState: () => {},
  })
})

const open = (address: Address, rule = 'ssh'): unknown =>
  doors.grants.open({ rule, address, time: now, openFor: (30 * SECOND) as Micros, maxOpen: (60 * SECOND) as Micros, targets: TARGET, kill: false })
async function openAll(): Promise<void> {
  for (const address of ADDRESSES) open(address)
  await doors.idle()
}
const inThousands = (verb: string): string[] => Array.from({ length: COUNT / AT_ONCE }, () => `${verb} ${AT_ONCE}`)
/** The first is not kept waiting for those that come in the same turn. */
const firstThenThousands = (verb: string): string[] => [`${verb} 1`, ...inThousands(verb).slice(1), `${verb} ${AT_ONCE - 1}`]

describe('ten thousand grants', () => {
  it('are opened, and closed when their time has come, a thousand by one command', async () => {
    await openAll()
    expect(firewall.calls.splice(0)).toEqual(firstThenThousands('add'))
    now = (now + 30 * SECOND) as Micros
    expect(doors.grants.expire().length).toBe(COUNT)
    await doors.idle()
    expect(firewall.calls).toEqual(firstThenThousands('remove'))
    expect([firewall.held.size, doors.overdue, doors.waiting]).toEqual([0, 0, 0])
  })

  it('that have vanished stand again after one look', async () => {
    await openAll()
    firewall.held.clear()
    firewall.calls.splice(0)
    doors.reconcile(CONFIG)
    await doors.idle()
    expect(firewall.calls).toEqual(['list', ...inThousands('add')])
    expect(firewall.held.size).toBe(COUNT)
    doors.reconcile(CONFIG)
    await doors.idle()
    expect(firewall.calls.at(-1)).toBe('list')
  })

  it('that close let a knock in after the first thousand of them', async () => {
    await openAll()
    firewall.calls.splice(0)
    now = (now + 30 * SECOND) as Micros
    firewall.asked = (call) => {
      if (call === `remove ${AT_ONCE}` && firewall.calls.length === 2) open(KNOCKER)
    }
    doors.grants.expire()
    await doors.idle()
    expect(firewall.calls.slice(0, 5)).toEqual(['remove 1', 'remove 1000', 'add 1', 'remove 1000', 'remove 1000'])
    expect([...firewall.held.keys()]).toEqual([KNOCKER])
  })

  it('end a few at a time where that is asked for, the earliest first', async () => {
    for (const address of ADDRESSES.slice(0, 250)) open(address)
    now = (now + 30 * SECOND) as Micros
    const ended = [doors.grants.expire(100), doors.grants.expire(100), doors.grants.expire(100), doors.grants.expire(100)]
    expect(ended.map(({ length }) => length)).toEqual([100, 100, 50, 0])
    expect(ended.flat().map(({ address }) => address)).toEqual(ADDRESSES.slice(0, 250))
    await doors.idle()
  })

  it('are each user\'s and rule\'s own, in the order in which they were opened', () => {
    for (const address of ADDRESSES.slice(0, 3)) open(address)
    open(ADDRESSES[1]!, 'web')
    open(ADDRESSES[0]!)
    expect([...doors.grants.heldBy({ rule: 'ssh', user: undefined }).keys()]).toEqual(ADDRESSES.slice(0, 3))
    expect([...doors.grants.heldBy({ rule: 'web', user: undefined }).keys()]).toEqual([ADDRESSES[1]])
    expect([doors.grants.size, doors.grants.heldBy({ rule: 'web', user: 'alice' }).size]).toEqual([4, 0])
  })
})
