import { machineClocks } from '../clocks.ts'
import { Conditions } from '../control/conditions.ts'
import { History } from '../history/history.ts'
import { runCommand } from '../firewalls/run.ts'
import { workAtFullSpeed } from '../frugal.ts'
import type { LogEvent } from '../log/event.ts'
import { openLog, type Log } from '../log/log.ts'
import { Hooks } from './hooks.ts'
import { Metering } from './metering.ts'
import { prepare } from './prepare.ts'
import { loadRunConfig, type RunOptions } from './run-config.ts'
import { Running } from './running.ts'

/** `knocktail run`: follows the sources until it is told to stop. Answers the exit code. Throws a KnocktailError if it cannot begin. */
export async function runDaemon(options: RunOptions): Promise<number> {
  workAtFullSpeed()
  const config = await loadRunConfig(options)
  const clocks = machineClocks()
  const history = options.dryRun ? undefined : new History({ stateDir: config.stateDir, bytes: config.historySize, keep: config.historyKeep }, clocks)
  const hooks = options.dryRun ? undefined : new Hooks({ run: runCommand, told: (event) => log.write(event), command: () => running?.config.onEvent })
  const conditions = new Conditions(clocks)
  const metering = new Metering()
  const log = alsoSeenBy([conditions, metering], openLog(config.log, clocks, (event) => {
    history?.write(event)
    hooks?.offer(event)
  }))
  let running: Running | undefined
  running = new Running(config, options, await prepare(config, options, { clocks, log, history, conditions, metering }))
  try {
    await running.start()
  } catch (error) {
    await running.giveUp()
    throw error
  }
  return running.untilStopped()
}

/** The log holds back what repeats; what stands is known of all. */
function alsoSeenBy(watchers: readonly { readonly see: (event: LogEvent) => void }[], log: Log): Log {
  return {
    ...log,
    write: (event) => {
      for (const watcher of watchers) watcher.see(event)
      log.write(event)
    },
  }
}
