import type { Config } from '../config/config.ts'
import { connectionsOf } from '../connections.ts'
import { count } from '../count.ts'
import type { Session } from '../doors/sessions.ts'
import { findProgram, runCommand } from '../firewalls/run.ts'
import { NO_LEDGER } from '../grants/ledger.ts'
import { historyState } from '../log/disk-events.ts'
import { HelperKeeper } from './keeper.ts'
import { tellCounters } from './counters.ts'
import { Daemon } from './daemon.ts'
import { Alarms } from './alarms.ts'
import { Controlling } from './controlling.ts'
import { settleTables, tellDeaf, tellFew, tellForgetful } from './first-look.ts'
import { Following, type SourceState } from './following.ts'
import { openLedger } from './open-ledger.ts'
import { tellPaused } from './paused.ts'
import type { Prepared } from './prepare.ts'
import { Reloading } from './reload.ts'
import type { RunOptions } from './run-config.ts'
import { statusOf } from './status.ts'
import { serviceManager, type ServiceManager } from './service-manager.ts'

/** How long the doors may take to close when the daemon is told to stop. */
const STOP_MS = 10_000
const POSITIONS_MS = 1000
/** How often it is looked whether the doors have closed, when no source is left. */
const LINGER_MS = 200

/** Why the daemon ends, and its exit code. */
interface Stop {
  readonly why: string
  readonly code: number
}

/** The parts of the daemon's process, from start to end. */
export class Running {
  readonly #prepared: Prepared
  readonly #keeper: HelperKeeper
  readonly #daemon: Daemon
  readonly #following: Following
  readonly #reloading: Reloading
  readonly #manager: ServiceManager | undefined
  readonly #alarms: Alarms
  readonly #stopped: Promise<Stop>
  #stop: (stop: Stop) => void = () => {}
  readonly #timers: NodeJS.Timeout[] = []

  constructor(config: Config, options: RunOptions, prepared: Prepared) {
    const { log, clocks, bootId, ledger, positions, rights, dryRun } = prepared
    this.#prepared = prepared
    this.#stopped = new Promise((resolve) => {
      this.#stop = resolve
    })
    this.#keeper = new HelperKeeper({
      start: prepared.startHelper,
      canRestart: !prepared.hasRights,
      changed: (firewall) => this.#daemon.doors.reconcile(this.#daemon.config, firewall),
      note: (text) => log.write({ level: 'warn', event: 'helper-note', text, facts: {} }),
      ended: (why, retryMs) => this.#helperEnded(why, retryMs),
      restarted: () => this.#helperRestarted(),
    })
    this.#daemon = new Daemon(config, { clocks, bootId, log, helper: this.#keeper, ledger: ledger ?? NO_LEDGER, sessions: listSessions, dryRun })
    this.#following = new Following({
      clocks, bootId, log, rights, positions, proxies: () => this.#daemon.config.proxies, knockCount: () => this.#daemon.pipeline.knocks, read: (batch) => this.#daemon.read(this.#alarms.filter(batch)), allEnded: () => this.#stopWhenClosed(),
    })
    this.#alarms = new Alarms({ daemon: this.#daemon, following: () => this.#following, helper: this.#keeper, clocks, log })
    this.#reloading = new Reloading(options, { daemon: this.#daemon, following: this.#following, helper: this.#keeper, log })
    this.#manager = serviceManager(process.env, {
      log, tools: { run: runCommand, find: findProgram },
      moves: async () => {
        await this.#daemon.doors.saved
        return this.#keeper.answers()
      },
      status: () => statusText(this.#following.states, this.#daemon.doors.grants.size),
    })
  }

  get config(): Config {
    return this.#daemon.config
  }

  /** Throws a KnocktailError if the helper cannot be started. */
  async start(): Promise<void> {
    const { dryRun, log } = this.#prepared
    this.#hookSignals()
    if (!dryRun) await this.#keeper.start()
    this.#prepared.dropRights()
    this.#prepared.history?.begin((problem) => log.write(historyState(problem)))
    const found = await openLedger(this.#prepared)
    if (!found && !dryRun) await settleTables(this.#daemon.config, this.#keeper)
    this.#daemon.start(found)
    // Lines from before the ledger was begun count for nothing: a process after a crash must know when that was.
    if (!found) await this.#daemon.doors.saved
    await this.#following.follow(this.#daemon.config.sources)
    void this.#following.begun().then(() => this.#manager?.ready())
    this.#reloading.watch()
    this.#timers.push(setInterval(() => this.#following.savePositions(), POSITIONS_MS))
    const { rules, sources } = this.#daemon.config
    if (!found) {
      tellForgetful(this.#daemon.config, log)
      tellDeaf(this.#daemon.config, this.#daemon.doors.begun, log)
    }
    tellFew(this.#daemon.config, this.#daemon.doors.spent, log)
    tellPaused(this.#daemon.doors.paused, log)
    if (!dryRun) this.#alarms.start()
    this.#serveControl()
    log.write({ level: 'info', event: 'started', text: `${count(rules.length, 'rule')}, ${count(sources.length, 'source')}`, facts: { rules: rules.length, sources: sources.length, pid: process.pid } })
  }

  #serveControl(): void {
    const { control, conditions, metering, clocks, log } = this.#prepared
    const parts = { daemon: this.#daemon, following: this.#following, reloading: this.#reloading, checks: this.#alarms.checks, conditions, clocks, log, since: clocks.wall() }
    control?.serve(new Controlling(parts))
    void metering.start(this.#daemon.config, { status: () => statusOf(parts), tally: () => this.#daemon.pipeline.tally }, log)
  }

  /** It could not begin: nothing of it may stay. */
  async giveUp(): Promise<void> {
    await this.#keeper.leave()
    this.#prepared.control?.close()
    this.#prepared.lock?.release()
    this.#prepared.log.end()
  }

  async untilStopped(): Promise<number> {
    const { why, code } = await this.#stopped
    const { log, ledger, lock, history, control, metering } = this.#prepared
    log.write({ level: 'info', event: 'stopping', text: why, facts: {} })
    this.#manager?.stopping()
    for (const timer of this.#timers) clearInterval(timer)
    this.#alarms.stop()
    metering.stop()
    control?.close()
    await this.#reloading.stop()
    await this.#following.stop()
    this.#daemon.stop()
    await this.#leaveDoors()
    await this.#daemon.doors.save()
    await ledger?.close()
    lock?.release()
    log.write({ level: 'info', event: 'stopped', text: 'stopped', facts: {} })
    log.end()
    await history?.end()
    await this.#manager?.idle()
    return code
  }

  /** on_exit: all doors close now, or each at its time, which is then the helper's work, or the next start's. */
  async #leaveDoors(): Promise<void> {
    const { doors, config } = this.#daemon
    if (config.onExit === 'close') this.#daemon.close()
    await Promise.race([doors.idle(), new Promise((resolve) => setTimeout(resolve, STOP_MS).unref())])
    doors.stop()
    const isAllClosed = [...doors.keys].every(({ foreign }) => foreign)
    if (isAllClosed) await this.#keeper.leave()
    else this.#keeper.abandon()
  }

  #helperRestarted(): void {
    this.#prepared.log.write({ level: 'info', event: 'helper-restarted', text: 'the helper was started again', facts: {} })
    this.#daemon.doors.touchAll()
  }

  #helperEnded(why: string, retryMs: number | undefined): void {
    const open = [...this.#daemon.doors.keys].length
    const doors = retryMs === undefined && open > 0 ? `; ${open} entries are left to their firewall until the next start or sweep` : ''
    this.#prepared.log.write({ level: 'error', event: 'helper-ended', text: `the helper has ended: ${why}${doors}`, facts: { why, retryMs, open } })
    // Without root's rights it cannot be started again: whoever started us must begin anew.
    if (retryMs === undefined) this.#stop({ why: 'nothing can be opened or closed without the helper', code: 1 })
  }

  /** Nothing can be knocked any more: what is open still closes at its time. */
  #stopWhenClosed(): void {
    const timer = setInterval(() => {
      if (this.#daemon.doors.grants.size === 0 && this.#daemon.doors.waiting === 0) this.#stop({ why: 'every source has ended', code: 0 })
    }, LINGER_MS)
    this.#timers.push(timer)
  }

  #hookSignals(): void {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => this.#stop({ why: signal, code: 0 }))
    process.on('SIGHUP', () => {
      this.#prepared.log.reopen()
      void this.#reloading.reload()
    })
    process.on('SIGUSR1', () => tellCounters(this.#daemon, this.#following, this.#prepared.log))
  }
}

/** `2 of 3 sources are followed, 1 door open`. */
function statusText(states: readonly SourceState[], grants: number): string {
  const followed = states.filter((state) => state === 'running').length
  return `${followed} of ${states.length} sources are followed, ${grants === 1 ? '1 door' : `${grants} doors`} open`
}

/** Who is connected to this machine now; undefined: it cannot be seen. */
async function listSessions(): Promise<readonly Session[] | undefined> {
  const found = await connectionsOf(process.platform, { run: runCommand, find: findProgram })
  return found.kind === 'connections' ? found.connections : undefined
}
