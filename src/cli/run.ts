import { KnocktailError } from '../error.ts'
import { runDaemon } from '../daemon/run.ts'
import type { RunOptions } from '../daemon/run-config.ts'

/** What still keeps the process when its work is over (a helper that lingers, a reader) is not waited for. */
const LEAVE_MS = 100

/** `knocktail run`: the daemon. Answers the exit code. */
export async function runRun(options: RunOptions): Promise<number> {
  if (process.platform === 'win32') throw new KnocktailError('failed', 'the daemon runs on Linux and OpenBSD')
  try {
    return await runDaemon(options)
  } finally {
    setTimeout(() => process.exit(), LEAVE_MS).unref()
  }
}
