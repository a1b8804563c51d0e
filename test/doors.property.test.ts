import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Address } from '../parsers/address.ts'
import { SECOND, type Micros } from '../parsers/time.ts'
import type { Config } from '../src/config/config.ts'
import { Doors } from '../src/doors/doors.ts'
import { targetId, type Target } from '../src/firewalls/target.ts'
import { targetsOf } from '../src/firewalls/targets.ts'
import { ledgerStateOf, type LedgerContents, type LedgerKeeping } from '../src/grants/ledger.ts'
import { formatLedger, parseLedger } from '../src/grants/ledger-text.ts'
import { config } from './support/config.ts'
import { FirewallModel, type Mood } from './support/firewall-model.ts'

/** What the daemon does to firewalls, whatever happens in between: random histories against a firewall that can be looked at. */

const OPEN_FOR_S = 30
const MAX_OPEN_S = 120
/** The longest wait before a failed close is tried again, and a hung command before it. */
const RETRY_S = 60 + 10 + 5

const RULES = `[knocktail]
[one]
sequence = 7000, 8000, 9000
ports = 22/tcp
open_for = ${OPEN_FOR_S}s
max_open = ${MAX_OPEN_S}s
[two]
sequence = 7100, 8100, 9100
ports = 22/tcp
open_for = ${2 * OPEN_FOR_S}s
max_open = ${MAX_OPEN_S}s
`

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

/** A machine with a disk, two clocks, a firewall and one daemon's doors at a time. */
class Machine {
  readonly firewall: FirewallModel
  readonly config: Config
  readonly target: Target
  wallLead = 1_700_000_000_000_000
  disk: string | undefined
  diskRefuses = false
  doors: Doors
  alive = { now: true }
  /** By whom the administrator's own entries were made, which must never be touched. */
  readonly admin = new Set<string>()

  constructor(firewall: 'nftables' | 'pf') {
    const setting = firewall === 'pf' ? 'table = knocktail' : 'set4 = inet filter k4\nset6 = inet filter k6'
    this.config = config(`${RULES.replace('[knocktail]', `[knocktail]\nfirewall = ${firewall}`)}[firewall ${firewall}]\n${setting}\n`)
    this.target = targetsOf(this.config.rules[0]!, this.config, undefined)[0]!
    this.firewall = new FirewallModel(() => this.boot(), { expires: firewall === 'nftables', marks: firewall === 'nftables' })
    this.doors = this.#startDoors()
  }

  boot = (): Micros => (Date.now() * 1000) as Micros
  wall = (): Micros => (this.boot() + this.wallLead) as Micros

  keyOf(address: Address): string {
    return `${targetId(this.target)} ${address}`
  }

  crash(): void {
    this.alive.now = false
    this.doors.stop()
    this.alive = { now: true }
    this.doors = this.#startDoors()
  }

  match(rule: string, address: Address): void {
    const door = this.config.rules.find(({ match }) => match.name === rule)!
    const { openFor, maxOpen } = door.opens
    this.doors.grants.open({ rule, address, time: this.wall(), openFor, maxOpen, targets: targetsOf(door, this.config, undefined), kill: false })
  }

  /** Lets time pass, looking after expiry as the daemon does. */
  async wait(seconds: number): Promise<void> {
    for (let left = seconds * 1000; left > 0; left -= 500) {
      await vi.advanceTimersByTimeAsync(Math.min(left, 500))
      this.doors.grants.expire()
    }
    await vi.advanceTimersByTimeAsync(1)
  }

  #startDoors(): Doors {
    const { alive } = this
    const ledger = this.#ledger(alive)
    const doors = new Doors({
      helper: this.firewall.helper(() => alive.now), ledger, clocks: { boot: this.boot, wall: this.wall, monotonic: this.boot },
      bootId: 'a boot', told: () => {}, ledgerState: () => {}, keepMatches: (60 * SECOND) as Micros,
    })
    const found = this.disk === undefined ? undefined : parseLedger(this.disk)
    if (this.disk !== undefined) expect(found).toBeDefined()
    if (found) doors.resume(found, this.config)
    return doors
  }

  /** Written a millisecond later, unless the process is dead by then or the disk refuses. */
  #ledger(alive: { readonly now: boolean }): LedgerKeeping {
    let contents: LedgerContents | undefined
    return {
      problem: 'the disk refuses',
      keep: (kept) => {
        contents = kept
      },
      save: () => {
        const text = formatLedger(ledgerStateOf(contents!))
        return new Promise((resolve) => setTimeout(() => {
          const saved = alive.now && !this.diskRefuses
          if (saved) this.disk = text
          resolve(saved)
        }, 1))
      },
    }
  }
}

async function perform(machine: Machine, step: Step): Promise<void> {
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

  const histories = (check: (machine: Machine, history: readonly Step[]) => Promise<void>): Promise<void> =>
    fc.assert(fc.asyncProperty(steps, async (history) => {
      const machine = new Machine(kind)
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
    const machine = new Machine(kind)
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
