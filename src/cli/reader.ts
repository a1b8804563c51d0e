import { loadRunConfig, type RunOptions } from '../daemon/run-config.ts'
import { Positions } from '../daemon/positions.ts'
import { KnocktailError } from '../error.ts'
import { quoted } from '../printable.ts'
import { runReader } from '../sources/reader.ts'

/** `knocktail reader`: reads one source for a daemon that has given up the right to do so. Started by the daemon alone. */
export async function runReaderOf(name: string, options: RunOptions): Promise<number> {
  const config = await loadRunConfig(options)
  const source = config.sources.find((one) => one.name === name)
  if (!source) throw new KnocktailError('usage', `there is no source ${quoted(name)}`)
  return runReader(source, new Positions(config.stateDir).of(source), process.stdout)
}
