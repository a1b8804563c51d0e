import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Address } from '../parsers/address.ts'
import { DoorsMachine, MAX_OPEN_S, OPEN_FOR_S, RETRY_S } from './support/doors-machine.ts'
import type { Mood } from './support/firewall-model.ts'

/** What the daemon does to firewalls, whatever happens in between: random histories against a firewall that can be looked at. */

const ADDRESSES = ['192.0.2.1', '192.0.2.2', '2001:db8::3'] as Address[]
const RULE_NAMES = ['one', 'two'] as const

type Step =
  | { readonly do: 'match'; readonly rule: (typeof RULE_NAMES)[number]; readonly address: Address }
  | { readonly do: 'wait'; readonly seconds: number }
  | { readonly do: 'mood'; readonly mood: Mood }
  | { readonly do: 'flush' | 'crash' | 'reconcile' | 'crash amid' }
  | { readonly do: 'disk'; readonly refuses: boolean }
  | { readonly do: 'admin' | 'restore'; readonly address: Address }
  | { readonly do: 'step clock'; readonly seconds: number }

const steps: fc.Arbitrary<Step[]> = fc.array(fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('match' as const), rule: fc.constantFrom(...RULE_NAMES), address: fc.constantFrom(...ADDRESSES) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.constantFrom(0.001, 0.5, 5, 31, 61, 130) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('mood' as const), mood: fc.constantFrom<Mood>('well', 'fails', 'half', 'hangs') }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('flush' as const, 'crash' as const, 'reconcile' as const, 'crash amid' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('disk' as const), refuses: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('admin' as const, 'restore' as const), address: fc.constantFrom(...ADDRESSES) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('step clock' as const), seconds: fc.constantFrom(-3600, 3600) }) },
), { minLength: 1, maxLength: 25 })

async function perform(machine: DoorsMachine, step: Step): Promise<void> {
  const { firewall } = machine
  switch (step.do) {
    case 'match': return machine.match(step.rule, step.address)
    case 'wait': return machine.wait(step.seconds)
    case 'mood': firewall.mood = step.mood; return
    case 'flush': firewall.held.clear(); machine.admin.clear(); return
    case 'crash': await machine.wait(0.02); return machine.crash()
    case 'crash amid': await vi.advanceTimersByTimeAsync(2); return machine.crash()
    case 'reconcile': return machine.doors.reconcile(machine.config)
    case 'disk': machine.diskRefuses = step.refuses; return
    case 'step clock': machine.wallLead += step.seconds * 1e6; return
    case 'restore': return firewall.restore(machine.keyOf(step.address))
    case 'admin': {
      const key = machine.keyOf(step.address)
      if (firewall.entries().has(key)) return
      firewall.held.set(key, { owner: 'admin', until: Number.POSITIVE_INFINITY })
      machine.admin.add(key)
    }
  }
}

describe.each(['nftables', 'pf'] as const)('doors of %s', (kind) => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_000_000 })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  const histories = (check: (machine: DoorsMachine, history: readonly Step[]) => Promise<void>): Promise<void> =>
    fc.assert(fc.asyncProperty(steps, async (history) => {
      const machine = new DoorsMachine(kind)
      for (const step of history) await perform(machine, step)
      await check(machine, history)
      machine.doors.stop()
    }), { numRuns: 150 })

  it('are all closed once their time and the retry interval are over, and leave the administrator what is his', () => histories(async (machine) => {
    machine.firewall.mood = 'well'
    machine.diskRefuses = false
    machine.doors.reconcile(machine.config)
    await machine.wait(MAX_OPEN_S + RETRY_S)
    expect([...machine.firewall.entries()].filter(([, { owner }]) => owner === 'us')).toEqual([])
    if (kind === 'nftables') expect([...machine.firewall.entries().keys()].toSorted()).toEqual([...machine.admin].toSorted())
  }))

  it('are open again after a reconcile, for all who hold a grant', () => histories(async (machine) => {
    machine.firewall.mood = 'well'
    machine.diskRefuses = false
    await machine.wait(RETRY_S)
    for (const address of ADDRESSES) machine.match('two', address)
    await machine.wait(0.5)
    machine.firewall.held.clear()
    machine.doors.reconcile(machine.config)
    await machine.wait(0.5)
    const standing = [...machine.doors.grants.all()].filter(({ until }) => until > machine.wall())
    const foreign = new Set([...machine.doors.keys].filter((key) => key.foreign).map(({ address }) => address))
    const expected = new Set(standing.map(({ address }) => address).filter((address) => !foreign.has(address)).map((address) => machine.keyOf(address)))
    expect(new Set(machine.firewall.entries().keys())).toEqual(expected)
  }))

  it('are made once for one sequence when nothing goes wrong', async () => {
    const machine = new DoorsMachine(kind)
    machine.match('one', ADDRESSES[0]!)
    await machine.wait(5)
    machine.match('two', ADDRESSES[0]!)
    machine.match('one', ADDRESSES[0]!)
    await machine.wait(1)
    expect(machine.firewall.made).toEqual([machine.keyOf(ADDRESSES[0]!)])
    // The first rule's time is over, the second's is not: the key stays.
    await machine.wait(OPEN_FOR_S + 6)
    expect([...machine.firewall.entries().keys()]).toEqual([machine.keyOf(ADDRESSES[0]!)])
    await machine.wait(OPEN_FOR_S)
    expect([...machine.firewall.entries().keys()]).toEqual([])
    machine.doors.stop()
  })
})
