import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { parseAddress, type Address } from '../parsers/address.ts'
import type { ConnectionEvent, Port } from '../parsers/event.ts'
import type { Micros } from '../parsers/time.ts'
import { hmacPorts } from '../rules/derive/hmac-ports.ts'
import { parseSecret } from '../rules/derive/secret.ts'
import { Daemon } from '../src/daemon/daemon.ts'
import { ledgerStateOf, type LedgerContents, type LedgerKeeping } from '../src/grants/ledger.ts'
import { formatLedger, parseLedger } from '../src/grants/ledger-text.ts'
import type { LogEvent } from '../src/log/event.ts'
import { config } from './support/config.ts'
import { FirewallModel } from './support/firewall-model.ts'
import { event } from './support/history.ts'

/** What is knocked with a secret is on disk as used before its door opens, whatever happens in between. */

const SECRETS: Readonly<Record<string, string>> = { alice: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', bob: 'MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U' }
const text = (users = 'alice, bob', keys = ''): string => `[knocktail]
firewall = nftables
host_id = gate
${keys}
[firewall nftables]
set4 = inet filter k4
set6 = inet filter k6
[user alice]
secret = alice
[user bob]
secret = bob
[ssh]
sequence = hmac
users = ${users}
target = any
ports = 22/tcp
`
const read = (path: string): string => SECRETS[path.split('/').at(-1)!]!
const A = parseAddress('203.0.113.2')!
const B = parseAddress('198.51.100.7')!
const STEP = 58_000_000
const NOW_MS = (STEP * 30 + 15) * 1000
const DRAW = { knocks: 5, low: 10_000 as Port, high: 59_999 as Port }

/** A machine whose disk writes when it is told to. */
class Machine {
  readonly told: LogEvent[] = []
  disk: string | undefined
  diskRefuses = false
  #writes: { readonly end: () => void; readonly tell: () => void }[] = []
  daemon: Daemon

  constructor() {
    this.daemon = this.#begin(0 as Micros)
  }

  /** What stood in memory at a kill is gone. */
  crash(): void {
    this.daemon.stop()
    this.#writes = []
    this.daemon = this.#begin(undefined)
  }

  /** The write ends, and nobody is left to hear of it. */
  writeAndCrash(secondsDown = 0): void {
    for (const { end } of this.#writes.splice(0)) end()
    vi.setSystemTime(Date.now() + secondsDown * 1000)
    this.crash()
  }

  async write(): Promise<void> {
    for (let round = 0; round < 5; round++) {
      for (const { end, tell } of this.#writes.splice(0)) {
        end()
        tell()
      }
      await vi.advanceTimersByTimeAsync(5)
    }
  }

  knock(src: Address, ports: readonly number[], backlog = false): void {
    const events = ports.map((port, index): ConnectionEvent => event(Date.now() - 100 + index * 10, { port, src }))
    this.daemon.read({ source: 'log', events, backlog })
  }

  get heard(): string[] {
    return this.told.filter(({ event: what }) => ['open', 'extend', 'refused', 'failure', 'paused', 'observed'].includes(what)).map(({ event: what, facts }) => `${what} ${String(facts['address'])}`)
  }

  #begin(begun: Micros | undefined): Daemon {
    const clock = (): Micros => (Date.now() * 1000) as Micros
    const firewall = new FirewallModel(clock, { expires: true, marks: true, looks: true })
    const daemon = new Daemon(config(text(), read), {
      clocks: { wall: clock, boot: clock, monotonic: clock }, bootId: 'boot', helper: firewall.helper(() => true), ledger: this.#ledger(),
      log: { write: (told) => void this.told.push(told), reopen: () => {}, end: () => {} }, sessions: async () => [], dryRun: false,
    })
    const found = this.disk === undefined ? undefined : parseLedger(this.disk)
    if (begun !== undefined) {
      daemon.doors.begun = begun
      daemon.doors.spent.presume(0)
    }
    daemon.start(found)
    return daemon
  }

  #ledger(): LedgerKeeping {
    let contents: LedgerContents | undefined
    return {
      problem: 'the disk refuses',
      keep: (kept) => void (contents = kept),
      save: () => {
        const written = formatLedger(ledgerStateOf(contents!))
        return new Promise((resolve) => this.#writes.push({
          end: () => {
            if (!this.diskRefuses) this.disk = written
          },
          tell: () => resolve(!this.diskRefuses),
        }))
      },
    }
  }
}

const drawn = (timeStep = STEP): number[] => hmacPorts(parseSecret(SECRETS['alice']!)!, { hostId: 'gate', rule: 'ssh', user: 'alice', timeStep }, DRAW)

describe('ports that were drawn', () => {
  beforeEach(() => vi.useFakeTimers({ now: NOW_MS }))
  afterEach(() => vi.useRealTimers())

  async function started(): Promise<Machine> {
    const machine = new Machine()
    await machine.write()
    return machine
  }

  it('open when the write has ended, and for nobody else who sends them before that', async () => {
    const machine = await started()
    machine.knock(A, drawn())
    machine.knock(B, drawn())
    await vi.advanceTimersByTimeAsync(100)
    expect(machine.heard).toEqual([])
    await machine.write()
    machine.knock(B, drawn())
    await machine.write()
    expect(machine.heard).toEqual([`open ${A}`])
  })

  it('open nothing where the disk refuses, now or when it takes writes again', async () => {
    const machine = await started()
    machine.diskRefuses = true
    machine.knock(A, drawn())
    await machine.write()
    machine.diskRefuses = false
    machine.knock(B, drawn())
    await machine.write()
    expect(machine.heard).toEqual([`refused ${A}`])
  })

  it('of which the write was cut by a crash open once, when their lines are read again', async () => {
    const machine = await started()
    machine.knock(A, drawn())
    machine.crash()
    await machine.write()
    machine.knock(A, drawn(), true)
    machine.knock(B, drawn())
    await machine.write()
    expect(machine.heard).toEqual([`open ${A}`])
    machine.crash()
    for (const src of [A, B]) machine.knock(src, drawn(), src === A)
    await machine.write()
    expect(machine.heard).toEqual([`open ${A}`])
  })

  it('open by the next process, where a crash came between the end of the write and the door', async () => {
    const machine = await started()
    machine.knock(A, drawn())
    machine.writeAndCrash()
    await machine.write()
    expect(machine.heard).toEqual([`open ${A}`])
    machine.knock(A, drawn(), true)
    machine.knock(B, drawn())
    machine.writeAndCrash()
    await machine.write()
    expect(machine.heard).toEqual([`open ${A}`])
  })

  it('are told of where the next process comes too late to open', async () => {
    const machine = await started()
    machine.knock(A, drawn())
    machine.writeAndCrash(61)
    expect(machine.heard).toEqual([`refused ${A}`])
  })

  it('open nothing for a user whom a reload took out meanwhile, and are used up', async () => {
    const machine = await started()
    machine.knock(A, drawn())
    machine.daemon.reload(config(text('bob'), read))
    await machine.write()
    machine.daemon.reload(config(text(), read))
    machine.knock(B, drawn())
    await machine.write()
    expect(machine.heard).toEqual([])
    machine.knock(A, drawn(STEP + 1))
    await machine.write()
    expect(machine.heard).toEqual([`open ${A}`])
  })

  it.each([['observed', 'mode = observe'], ['paused', '']])('that were only %s are used up all the same', async (what, keys) => {
    const machine = await started()
    machine.daemon.reload(config(text('alice, bob', keys), read))
    if (what === 'paused') machine.daemon.doors.paused.add()
    machine.knock(A, drawn())
    await machine.write()
    machine.daemon.doors.paused.delete()
    machine.daemon.reload(config(text(), read))
    machine.knock(B, drawn())
    await machine.write()
    expect(machine.heard).toEqual([`${what} ${A}`])
  })
})
