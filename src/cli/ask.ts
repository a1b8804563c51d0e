import { readPositiveDuration } from '../config/duration.ts'
import { loadConfig } from '../config/load.ts'
import { DEFAULT_RUN_DIR } from '../config/parse.ts'
import { ask, NotRunning } from '../control/client.ts'
import type { VerbName } from '../control/verbs.ts'
import { KnocktailError } from '../error.ts'
import { jsonLine } from '../json-line.ts'
import { printable } from '../printable.ts'
import { Output, tell } from './output.ts'

/** How every command finds the daemon. */
export interface AskOptions {
  readonly config?: string
  readonly runDir?: string
  readonly json?: boolean
}

export async function runDirOf({ config, runDir }: AskOptions): Promise<string> {
  return runDir ?? (config === undefined ? DEFAULT_RUN_DIR : (await loadConfig(config)).runDir)
}

/** Asks the daemon to do something, and prints what it says. Answers the exit code; throws a KnocktailError if it says no. */
export async function runAsk(verb: VerbName, values: Readonly<Record<string, unknown>>, options: AskOptions): Promise<number> {
  const output = new Output()
  const reply = await ask(await runDirOf(options), verb, values).catch(async (error: unknown) => {
    if (options.json && error instanceof KnocktailError) output.line(jsonLine({ ok: false, why: error.message }))
    await output.flush()
    throw error
  })
  output.line(options.json ? jsonLine(reply) : printable(String(reply['text'])))
  await output.flush()
  return 0
}

export function runOpen(address: string, rule: string, { for: duration, user, ...options }: AskOptions & { readonly for?: string; readonly user?: string }): Promise<number> {
  const read = duration === undefined ? undefined : readPositiveDuration(duration)
  if (read && 'fault' in read) throw new KnocktailError('usage', `--for ${read.fault}`)
  return runAsk('open', { address, rule, user, ...(read && { forMs: Math.ceil(read.value / 1000) }) }, options)
}

export interface CloseOptions extends AskOptions {
  readonly all?: boolean
  readonly stateDir?: string
}

/** `close --all` needs no daemon: what is open stands in the ledger. */
export async function runClose(address: string | undefined, rule: string | undefined, options: CloseOptions): Promise<number> {
  if ((address === undefined) !== (options.all === true)) throw new KnocktailError('usage', 'write close ADDRESS [RULE], or close --all')
  if (address !== undefined) return runAsk('close', { address, rule }, options)
  try {
    return await runAsk('close-all', {}, options)
  } catch (error) {
    if (!(error instanceof NotRunning)) throw error
    if (options.config === undefined) throw new KnocktailError('usage', `${error.message}; without a daemon, close --all needs -c FILE to find its ledger`)
    tell('no daemon is running: closing what its ledger says is open')
    const { runSweep } = await import('./sweep.ts')
    return runSweep({ config: options.config, ...(options.stateDir !== undefined && { stateDir: options.stateDir }), all: true })
  }
}
