import { KnocktailError } from '../error.ts'
import { runDaemon } from '../daemon/run.ts'
import type { RunOptions } from '../daemon/run-config.ts'

/** `knocktail run`: the daemon. Answers the exit code. */
export function runRun(options: RunOptions): Promise<number> {
  if (process.platform === 'win32') throw new KnocktailError('failed', 'the daemon runs on Linux and OpenBSD')
  return runDaemon(options)
}
