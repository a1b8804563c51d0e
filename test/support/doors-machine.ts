import { expect, vi } from 'vitest'
import type { Address } from '../../parsers/address.ts'
import { SECOND, type Micros } from '../../parsers/time.ts'
import type { Config } from '../../src/config/config.ts'
import { Doors } from '../../src/doors/doors.ts'
import { targetId, type Target } from '../../src/firewalls/target.ts'
import { targetsOf } from '../../src/firewalls/targets.ts'
import { ledgerStateOf, type LedgerContents, type LedgerKeeping } from '../../src/grants/ledger.ts'
import { formatLedger, parseLedger } from '../../src/grants/ledger-text.ts'
import { config } from './config.ts'
import { FirewallModel } from './firewall-model.ts'

export const OPEN_FOR_S = 30
export const MAX_OPEN_S = 120
/** The longest wait before a failed close is tried again, and a hung command before it. */
export const RETRY_S = 60 + 10 + 5

const RULES = `[one]
sequence = 7000, 8000, 9000
open_for = ${OPEN_FOR_S}s
max_open = ${MAX_OPEN_S}s
PORTS
[two]
sequence = 7100, 8100, 9100
open_for = ${2 * OPEN_FOR_S}s
max_open = ${MAX_OPEN_S}s
PORTS
`

function ofFirewall(name: string, settings: string): string {
  return `[knocktail]\nfirewall = ${name}\n${RULES.replaceAll('PORTS', 'ports = 22/tcp')}[firewall ${name}]\n${settings}\n`
}

const MODELS = {
  nftables: { config: ofFirewall('nftables', 'set4 = inet filter k4\nset6 = inet filter k6'), traits: { expires: true, marks: true, looks: true } },
  pf: { config: ofFirewall('pf', 'table = knocktail'), traits: { expires: false, marks: false, looks: true } },
  command: { config: `[knocktail]\n${RULES.replaceAll('PORTS', 'start_command = /bin/start %IP%\nstop_command = /bin/stop %IP%')}`, traits: { expires: false, marks: false, looks: false } },
} as const

/** A machine with a disk, two clocks, a firewall and one daemon's doors at a time. */
export class DoorsMachine {
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

  constructor(firewall: keyof typeof MODELS) {
    this.config = config(MODELS[firewall].config)
    this.target = targetsOf(this.config.rules[0]!, this.config, undefined)[0]!
    this.firewall = new FirewallModel(() => this.boot(), MODELS[firewall].traits)
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
