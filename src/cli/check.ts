import { describeConfig } from '../check.ts'
import { loadConfig } from '../config/load.ts'
import { Output } from './output.ts'

/** `knocktail check`: the configuration as it was understood. Answers the exit code. */
export async function runCheck({ config }: { readonly config: string }): Promise<number> {
  const output = new Output()
  for (const line of describeConfig(await loadConfig(config))) output.line(line)
  await output.flush()
  return 0
}
