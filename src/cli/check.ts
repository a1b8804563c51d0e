import { describeConfig } from '../check.ts'
import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load.ts'
import { printable } from '../printable.ts'
import { neededRights } from '../rights.ts'
import { forgeableBy } from '../trust.ts'
import { Output } from './output.ts'

/** `knocktail check`: the configuration as it was understood, and what of it this machine and user allow. Answers the exit code. */
export async function runCheck({ config: path }: { readonly config: string }): Promise<number> {
  const output = new Output()
  const config = await loadConfig(path)
  for (const line of [...describeConfig(config), ...describeMachine(config)]) output.line(line)
  await output.flush()
  return 0
}

function describeMachine(config: Config): string[] {
  const rights = neededRights(config).map(({ what, right, isThere }) => printable(`right: ${what}: ${right}: ${isThere ? 'there' : 'missing for this user'}`))
  const forgeable = config.sources.flatMap((source) => {
    const why = forgeableBy(source)
    return why === undefined ? [] : [printable(`warning: source ${source.name} can be forged: ${why}`)]
  })
  return [...rights, ...forgeable]
}
