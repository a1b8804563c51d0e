import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { machineClocks, readBootId } from '../clocks.ts'
import type { Config } from '../config/config.ts'
import { Doors } from '../doors/doors.ts'
import type { DoorEvent } from '../doors/door-event.ts'
import { KnocktailError } from '../error.ts'
import { Ledger } from '../grants/ledger.ts'
import { startHelper } from '../front/client.ts'
import type { Helper } from '../front/helper.ts'
import type { Micros } from '../../parsers/time.ts'
import { printable } from '../printable.ts'
import { findLedger } from './open-ledger.ts'
import { takeLock } from './lock.ts'
import { helperCommand } from './prepare.ts'
import { accountFor, becomeAccount } from './privilege.ts'
import { loadOwnConfig } from '../config/load.ts'
import { helperOf, type RunOptions } from './run-config.ts'

/** So long a firewall may take before what is left open is told. */
const PATIENCE_MS = 60_000

export interface SweepOptions extends Pick<RunOptions, 'config' | 'stateDir' | 'helper'> {
  /** Also what stands and has time left. @default false */
  readonly all?: boolean
}

/** What is left: entries that should have been closed and are not. */
export interface Swept {
  readonly closed: number
  readonly left: number
}

/**
 * Closes, without the daemon, what the ledger says is open and should not be: its time is over, or the machine was started anew.
 * Grants that stand are left to the daemon, unless all are to end. Throws a KnocktailError if a daemon is running, since that one does it.
 */
export async function sweep(options: SweepOptions, told: (event: DoorEvent) => void): Promise<Swept> {
  const { config: path, stateDir, all = false } = options
  const loaded = await loadOwnConfig(path)
  const config: Config = { ...loaded, sources: [], stateDir: stateDir ?? loaded.stateDir, helper: helperOf(options) ?? loaded.helper }
  // No daemon ever ran here.
  if (!existsSync(join(config.stateDir, 'ledger.a'))) return { closed: 0, left: 0 }
  const lock = await takeLock(config.stateDir)
  const helper = await startHelper(helperCommand(config, { config: path }), { changed: () => {}, note: () => {}, ended: () => {} })
  // What is in the folder was written by somebody with fewer rights: only the helper needs those of root.
  const account = accountFor(config.user)
  if (account) becomeAccount(account, [])
  const ledger = new Ledger(join(config.stateDir, 'ledger'))
  try {
    const { state, keptAside } = await findLedger(ledger)
    if (!state && keptAside.length > 0) throw new KnocktailError('failed', `the ledger was damaged, and is kept as ${keptAside.map(printable).join(', ')}`)
    return state ? await closeOverdue(config, helper, { ledger, state: all ? { ...state, grants: [] } : state, told }) : { closed: 0, left: 0 }
  } finally {
    await helper.leave()
    await ledger.close()
    lock.release()
  }
}

type Found = { readonly ledger: Ledger; readonly state: NonNullable<Awaited<ReturnType<Ledger['open']>>['state']>; readonly told: (event: DoorEvent) => void }

async function closeOverdue(config: Config, helper: Helper, { ledger, state, told }: Found): Promise<Swept> {
  const clocks = machineClocks()
  const doors = new Doors({ helper, ledger, clocks, bootId: readBootId(clocks), told, ledgerState: () => {}, keepMatches: 0 as Micros })
  doors.resume(state, config)
  await Promise.race([doors.idle(), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS).unref())])
  doors.stop()
  const left = doors.overdue
  await doors.save()
  return { closed: state.keys.length - [...doors.keys].length, left }
}
