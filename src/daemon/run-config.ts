import type { Config, SourceConfig } from '../config/config.ts'
import { loadConfig } from '../config/load.ts'
import { readSourceSpec } from '../config/source-section.ts'
import { KnocktailError } from '../error.ts'

/** What the command line of `run` says beside the configuration. */
export interface RunOptions {
  readonly config: string
  /** In place of the configuration's sources. */
  readonly source?: readonly string[]
  readonly parser?: string
  readonly prefix?: string
  readonly stateDir?: string
  readonly dryRun?: boolean
}

/** The configuration as the daemon is to run it. Throws a KnocktailError: `config`, or `usage` for the command line. */
export async function loadRunConfig(options: RunOptions): Promise<Config> {
  const config = await loadConfig(options.config)
  const sources = options.source === undefined ? config.sources : options.source.map((spec, index) => sourceOf(spec, index, options))
  if (sources.length === 0) {
    throw new KnocktailError('usage', 'there is no source: name one with --source (kmsg, journald, stdin, file:/PATH or command:CMDLINE), or in a [source NAME] section')
  }
  if (sources.filter(({ follow }) => follow.kind === 'stdin').length > 1) throw new KnocktailError('usage', 'standard input can be followed only once')
  return { ...config, sources, stateDir: options.stateDir ?? config.stateDir }
}

/** `kmsg`, or `parser=NAME:file:/PATH`. */
function sourceOf(spec: string, index: number, { parser, prefix }: RunOptions): SourceConfig {
  const [, own, rest] = /^parser=([^:]*):(.*)$/s.exec(spec) ?? []
  const read = readSourceSpec({ name: `source${index + 1}`, follow: rest ?? spec, parser: own ?? parser, prefix })
  if ('fault' in read) throw new KnocktailError('usage', `--source ${read.fault}`)
  return read.value
}
