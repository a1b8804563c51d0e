import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Address } from '../parsers/address.ts'
import { DoorsMachine, MAX_OPEN_S, RETRY_S } from './support/doors-machine.ts'
import type { Mood } from './support/firewall-model.ts'

/** What start_command and stop_command are run for: nobody can look what they did, and a command may have done its work and fail. */

const ADDRESSES = ['192.0.2.1', '2001:db8::2'] as Address[]

type Step =
  | { readonly do: 'match'; readonly address: Address }
  | { readonly do: 'wait' | 'crash'; readonly seconds: number }
  | { readonly do: 'mood'; readonly mood: Mood }
  | { readonly do: 'disk'; readonly refuses: boolean }

const steps: fc.Arbitrary<Step[]> = fc.array(fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('match' as const), address: fc.constantFrom(...ADDRESSES) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.constantFrom(0.001, 0.5, 5, 31, 130) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('crash' as const), seconds: fc.constantFrom(0, 0.001, 0.002, 0.003, 0.005, 0.02) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('mood' as const), mood: fc.constantFrom<Mood>('well', 'fails', 'half', 'hangs') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('disk' as const), refuses: fc.boolean() }) },
), { minLength: 1, maxLength: 25 })

async function perform(machine: DoorsMachine, step: Step): Promise<void> {
  switch (step.do) {
    case 'match': return machine.match('one', step.address)
    case 'wait': return machine.wait(step.seconds)
    case 'crash': await machine.wait(step.seconds); return machine.crash()
    case 'mood': machine.firewall.mood = step.mood; return
    case 'disk': machine.diskRefuses = step.refuses
  }
}

describe('commands', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_000_000 })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  const histories = (check: (machine: DoorsMachine) => Promise<void>): Promise<void> =>
    fc.assert(fc.asyncProperty(steps, async (history) => {
      const machine = new DoorsMachine('command')
      for (const step of history) await perform(machine, step)
      machine.firewall.mood = 'well'
      machine.diskRefuses = false
      await check(machine)
      expect(machine.firewall.doubled).toEqual([])
      machine.doors.stop()
    }), { numRuns: 80 })

  it('are undone once their time and the retry interval are over, and never started twice in between', () => histories(async (machine) => {
    await machine.wait(MAX_OPEN_S + RETRY_S)
    expect([...machine.firewall.entries().keys()]).toEqual([])
  }))

  it('let in who knocks again, whatever came of them before', () => histories(async (machine) => {
    await machine.wait(MAX_OPEN_S + RETRY_S)
    for (const address of ADDRESSES) machine.match('one', address)
    machine.firewall.mood = 'fails'
    await machine.wait(1)
    machine.firewall.mood = 'well'
    for (const address of ADDRESSES) machine.match('one', address)
    await machine.wait(1)
    expect(machine.firewall.entries().size).toBe(ADDRESSES.length)
  }))

  it('let in whoever knocked before a crash, at whatever moment it came', () => fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 12 }), async (afterMs) => {
    const machine = new DoorsMachine('command')
    machine.match('one', ADDRESSES[0]!)
    await vi.advanceTimersByTimeAsync(afterMs)
    const isKnown = machine.disk !== undefined
    machine.crash()
    await machine.wait(1)
    expect(machine.firewall.entries().size).toBe(isKnown ? 1 : 0)
    expect(machine.firewall.doubled).toEqual([])
    machine.doors.stop()
  })))
})
