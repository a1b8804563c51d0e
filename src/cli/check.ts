import { isAbsolute } from 'node:path'
import { describeConfig } from '../check.ts'
import type { Config, SourceConfig } from '../config/config.ts'
import { loadConfig, loadOwnConfig } from '../config/load.ts'
import { KnocktailError } from '../error.ts'
import { jsonLine } from '../json-line.ts'
import { checkMachine } from '../machine/check-machine.ts'
import type { MachineFinding } from '../machine/finding.ts'
import { thisMachine } from '../machine/world.ts'
import { loadDialect } from '../plug-in.ts'
import { printable } from '../printable.ts'
import { neededRights } from '../rights.ts'
import { forgeableBy, requireTrusted } from '../trust.ts'
import { hiddenClients } from '../web-clients.ts'
import { Output } from './output.ts'

export interface CheckOptions {
  readonly config: string
  readonly configOnly?: boolean
  readonly json?: boolean
  readonly live?: boolean
  /** With `live`: how long to wait, as durations are written. */
  readonly for: string
}

/**
 * `knocktail check`: the configuration as it was understood, and what of it this machine and user allow. Answers the exit code: 1 if
 * something of the machine keeps it from working.
 */
export async function runCheck(options: CheckOptions): Promise<number> {
  const { config: path, configOnly, json } = options
  const config = await loadConfig(path)
  if (options.live) return (await import('./check-live.ts')).runCheckLive(config, options)
  const output = new Output()
  const findings = configOnly ? [] : await findAll(path, config)
  const lines = json
    ? [...configFindings(config), ...findings].map((finding) => jsonLine({ ...finding }))
    : [...describeConfig(config), ...(configOnly ? [] : describeRights(config)), ...findings.map(findingText)]
  for (const line of lines) output.line(line)
  await output.flush()
  return findings.some(({ severity }) => severity === 'error') ? 1 : 0
}

function findingText({ severity, about, message, mend }: MachineFinding): string {
  return printable(`${severity}: ${about}: ${message}${mend === undefined ? '' : `: ${mend}`}`)
}

function describeRights(config: Config): string[] {
  return neededRights(config).map(({ what, right, isThere }) => printable(`${what} needs ${right}: this user ${isThere ? 'has it' : 'lacks it'}`))
}

function configFindings({ warnings }: Config): (MachineFinding & { line: number })[] {
  return warnings.map(({ line, message }) => ({ severity: 'warning', about: 'configuration', line, message }))
}

async function findAll(path: string, config: Config): Promise<MachineFinding[]> {
  const missing = neededRights({ ...config, helper: undefined }).filter(({ isThere }) => !isThere)
  const mayLook = (firewall: string): boolean => !missing.some(({ what }) => what === `firewall ${firewall}`)
  const doubts = config.sources.flatMap((source) => doubtsOf(source, config).map((message): MachineFinding => ({ severity: 'warning', about: `source ${source.name}`, message })))
  const refusals = (await findRefusals(path, config)).map((message): MachineFinding => ({ severity: 'error', about: 'run refuses this', message }))
  return [...doubts, ...await checkMachine(config, thisMachine(), mayLook), ...refusals]
}

function doubtsOf(source: SourceConfig, { proxies }: Config): string[] {
  const hidden = hiddenClients(source, proxies)
  return [...forgeableBy(source).map((why) => `can be forged: ${why}`), ...(hidden === undefined ? [] : [hidden])]
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
