import { isAbsolute } from 'node:path'
import { describeConfig } from '../check.ts'
import type { Config, SourceConfig } from '../config/config.ts'
import { loadConfig, loadOwnConfig } from '../config/load.ts'
import { KnocktailError } from '../error.ts'
import { loadDialect } from '../plug-in.ts'
import { printable } from '../printable.ts'
import { neededRights } from '../rights.ts'
import { forgeableBy, requireTrusted } from '../trust.ts'
import { hiddenClients } from '../web-clients.ts'
import { Output } from './output.ts'

/**
 * `knocktail check`: the configuration as it was understood, and what of it this machine and user allow. Answers the exit code: 1 if
 * `run` would refuse to begin here.
 */
export async function runCheck({ config: path }: { readonly config: string }): Promise<number> {
  const output = new Output()
  const config = await loadConfig(path)
  const refusals = await findRefusals(path, config)
  for (const line of [...describeConfig(config), ...describeMachine(config), ...refusals.map((why) => `error: run refuses this: ${why}`)]) output.line(line)
  await output.flush()
  return refusals.length === 0 ? 0 : 1
}

function describeMachine(config: Config): string[] {
  const rights = neededRights(config).map(({ what, right, isThere }) => printable(`right: ${what}: ${right}: ${isThere ? 'there' : 'missing for this user'}`))
  return [...rights, ...config.sources.flatMap((source) => doubts(source, config).map((doubt) => printable(`warning: source ${source.name}${doubt}`)))]
}

function doubts(source: SourceConfig, { proxies }: Config): string[] {
  const hidden = hiddenClients(source, proxies)
  return [...forgeableBy(source).map((why) => ` can be forged: ${why}`), ...(hidden === undefined ? [] : [`: ${hidden}`])]
}

/** Whose owners and modes, or which of whose sources, `run` would not bear. */
async function findRefusals(path: string, config: Config): Promise<string[]> {
  const plugIns = config.sources.flatMap(({ parser }) => (parser !== undefined && isAbsolute(parser) ? [parser] : []))
  const tries = [() => loadOwnConfig(path), ...plugIns.map((parser) => () => loadDialect(parser)), async () => requireTrusted(config)]
  const found = await Promise.all(tries.map((attempt) => refusalOf(attempt)))
  return found.flatMap((why) => why ?? [])
}

async function refusalOf(attempt: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await attempt()
    return undefined
  } catch (error) {
    if (error instanceof KnocktailError) return error.message
    throw error
  }
}
