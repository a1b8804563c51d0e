import type { Config, SourceConfig } from '../config/config.ts'
import { loadOwnConfig } from '../config/load.ts'
import { readSourceSpec } from '../config/source-section.ts'
import { KnocktailError } from '../error.ts'
import { printable } from '../printable.ts'

/** What the command line of `run` says beside the configuration. */
export interface RunOptions {
  readonly config: string
  /** In place of the configuration's sources. */
  readonly source?: readonly string[]
  readonly parser?: string
  readonly prefix?: string
  readonly stateDir?: string
  /** In place of the configured way. */
  readonly helper?: string
  readonly runDir?: string
  readonly dryRun?: boolean
}

/** The configuration as the daemon is to run it. Throws a KnocktailError: `config`, or `usage` for the command line. */
export async function loadRunConfig(options: RunOptions): Promise<Config> {
  const config = await loadOwnConfig(options.config)
  const sources = options.source === undefined ? config.sources : options.source.map((spec, index) => sourceOf(spec, index, options))
  if (sources.length === 0) {
    throw new KnocktailError('usage', 'there is no source: name one with --source (kmsg, journald, stdin, file:/PATH or command:CMDLINE), or in a [source NAME] section')
  }
  if (sources.filter(({ follow }) => follow.kind === 'stdin').length > 1) throw new KnocktailError('usage', 'standard input can be followed only once')
  return { ...config, sources: sources.map((source) => withParser(source, options)), stateDir: options.stateDir ?? config.stateDir, runDir: options.runDir ?? config.runDir, helper: helperOf(options) ?? config.helper }
}

/** The words of the command that starts the helper, or `unix:PATH`. Undefined: none is named here. */
export function helperOf({ helper }: Pick<RunOptions, 'helper'>): readonly string[] | undefined {
  return helper?.trim().split(/\s+/)
}

/** Nothing guesses a dialect live: it is declared, or the only one that has a prefix. */
function withParser(source: SourceConfig, options: RunOptions): SourceConfig {
  const { kind } = source.follow
  const prefix = source.prefix ?? options.prefix
  const isKernel = kind === 'kmsg' || kind === 'journald' || prefix !== undefined
  const parser = source.parser ?? options.parser ?? (isKernel ? 'kernel' : undefined)
  if (parser !== undefined) return { ...source, parser, prefix }
  throw new KnocktailError('usage', `source ${printable(source.name)} needs a parser: set it, or give --parser (knocktail parsers lists them)`)
}

/** `kmsg`, or `parser=NAME:file:/PATH`. */
function sourceOf(spec: string, index: number, { parser, prefix }: RunOptions): SourceConfig {
  const [, own, rest] = /^parser=([^:]*):(.*)$/s.exec(spec) ?? []
  const read = readSourceSpec({ name: `source${index + 1}`, follow: rest ?? spec, parser: own ?? parser, prefix })
  if ('fault' in read) throw new KnocktailError('usage', `--source ${read.fault}`)
  return read.value
}
