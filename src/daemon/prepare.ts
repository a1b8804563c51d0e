import { chownSync, lstatSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readBootId, type Clocks } from '../clocks.ts'
import type { Config, SourceConfig } from '../config/config.ts'
import { Ledger } from '../grants/ledger.ts'
import { startHelper } from '../front/client.ts'
import type { Conditions } from '../control/conditions.ts'
import { openSockets, type ControlSockets } from '../control/sockets.ts'
import { KnocktailError } from '../error.ts'
import type { Helper, HelperEvents } from '../front/helper.ts'
import type { History } from '../history/history.ts'
import type { Log } from '../log/log.ts'
import { findGroup } from '../groups.ts'
import { printable } from '../printable.ts'
import { sourceLogEvents } from '../log/source-events.ts'
import type { Rights } from '../sources/follow.ts'
import { openKmsg } from '../sources/kmsg.ts'
import { takeLock, type Lock } from './lock.ts'
import { Positions } from './positions.ts'
import { accountFor, becomeAccount, mayRead, mayReadJournal, prepareStateDir, sourceGroups, type Account } from './privilege.ts'
import { startReader } from './reader-process.ts'
import type { Metering } from './metering.ts'
import type { RunOptions } from './run-config.ts'
import { forgeableBy, requireTrusted } from '../trust.ts'

/** What the daemon's process has when it begins to work. */
export interface Prepared {
  readonly clocks: Clocks
  readonly bootId: string
  readonly log: Log
  readonly history: History | undefined
  readonly conditions: Conditions
  readonly metering: Metering
  /** Undefined: there are no sockets, which was told. */
  readonly control: ControlSockets | undefined
  readonly dryRun: boolean
  /** What sources may read only because it was opened, or started, as root. */
  readonly rights: ReadonlyMap<string, Rights>
  readonly startHelper: (events: HelperEvents) => Promise<Helper>
  /** Whether rights are given up: then the helper must have been started before, and cannot be started again. */
  readonly hasRights: boolean
  readonly dropRights: () => void
  readonly lock: Lock | undefined
  readonly ledger: Ledger | undefined
  readonly positions: Positions | undefined
}

/** Throws a KnocktailError if the daemon cannot begin. */
export async function prepare(config: Config, options: RunOptions, tools: Pick<Prepared, 'clocks' | 'log' | 'history' | 'conditions' | 'metering'>): Promise<Prepared> {
  const dryRun = options.dryRun === true
  const { clocks, log } = tools
  tellForgeable(config, log)
  const account = accountFor(config.user)
  if (!dryRun) prepareStateDir(config.stateDir, account)
  const lock = dryRun ? undefined : await takeLock(config.stateDir)
  const positions = dryRun ? undefined : new Positions(config.stateDir)
  const groups = sourceGroups(config.sources)
  if (account) provideFor(account, groups, config, options, log)
  return {
    ...tools, dryRun, lock, positions,
    bootId: readBootId(clocks),
    control: dryRun ? undefined : await openControl(config, account, log),
    rights: takeRights(config, options, account, groups),
    startHelper: (events) => startHelper(helperCommand(config, options), events),
    hasRights: account !== undefined,
    dropRights: () => account && becomeAccount(account, groups),
    ledger: dryRun ? undefined : new Ledger(join(config.stateDir, 'ledger')),
  }
}

/** What the account needs later: its log file, to open it anew, and the configuration, to read it again. */
function provideFor(account: Account, groups: readonly number[], config: Config, options: RunOptions, log: Log): void {
  // A device such as /dev/null stays root's.
  if (config.log !== undefined && lstatSync(config.log).isFile()) chownSync(config.log, account.uid, account.gid)
  for (const path of [options.config, ...config.files]) {
    if (mayRead(path, account, groups)) continue
    const text = `${printable(path)} cannot be read by user ${account.name}, so SIGHUP cannot load the configuration: chgrp ${findGroup(account.gid)?.name ?? account.gid} and chmod 640, or restart instead`
    log.write({ level: 'warn', event: 'config-unreadable', text, facts: { path } })
  }
}

/** Throws a KnocktailError if only trusted sources are wanted, and one is not. */
function tellForgeable(config: Config, log: Log): void {
  requireTrusted(config)
  for (const source of config.sources) {
    for (const why of forgeableBy(source)) log.write(sourceLogEvents.forgeable(source.name, why))
  }
}

/**
 * The sockets stay root's, where we are root now: who becomes the daemon's user, or was that before, cannot put others in their place. The
 * group of that user may look, but not that of nobody, whom others share. Doors open without sockets, too.
 */
async function openControl({ runDir }: Config, account: Account | undefined, log: Log): Promise<ControlSockets | undefined> {
  const gid = account === undefined ? process.getegid!() : account.name === 'nobody' ? 0 : account.gid
  try {
    return await openSockets(runDir, gid)
  } catch (error) {
    if (!(error instanceof KnocktailError)) throw error
    log.write({ level: 'warn', event: 'control-refused', text: `${error.message}: status, open and their like cannot reach this daemon`, facts: {} })
    return undefined
  }
}

const BIN = fileURLToPath(new URL('../bin.js', import.meta.url))

/** The helper waits nearly all the time. Without a compiler it starts sooner, takes a quarter less memory, and none that is both written and run. */
const WITHOUT_COMPILER = ['--jitless', ...withoutWasm(process.versions.v8), '--max-semi-space-size=1']

/** Up to V8 12, Node 23, --jitless alone warns of WebAssembly at each start; from V8 13, Node 24, the option is gone and keeps Node from starting. */
function withoutWasm(v8: string): string[] {
  return Number.parseInt(v8, 10) < 13 ? ['--no-expose-wasm'] : []
}

/** As the configuration says (doas, say), or this program as the helper, with the rights that we have now. */
export function helperCommand({ helper, stateDir }: Config, { config }: Pick<RunOptions, 'config'>): readonly string[] {
  return helper ?? [process.execPath, ...WITHOUT_COMPILER, BIN, 'helper', '-c', config, '--state-dir', stateDir]
}

/** Opens, and starts, what the account that we become could not. */
function takeRights(config: Config, options: RunOptions, account: Account | undefined, groups: readonly number[]): Map<string, Rights> {
  const rights = new Map<string, Rights>()
  for (const source of config.sources) {
    const { kind } = source.follow
    if (kind === 'kmsg') rights.set(source.name, { kmsg: openKmsg() })
    else if (account && needsReader(source, account, groups)) rights.set(source.name, { reader: startReader(source, options, config.stateDir) })
  }
  return rights
}

/** A command may be anything, and is run with the rights that we were started with. */
function needsReader({ follow }: SourceConfig, account: Account, groups: readonly number[]): boolean {
  switch (follow.kind) {
    case 'command': return true
    case 'file': return !mayRead(follow.path, account, groups)
    case 'journald': return !mayReadJournal(account, groups)
    default: return false
  }
}
