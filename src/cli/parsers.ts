import { DIALECTS } from '../../parsers/dialects.ts'
import { jsonLine } from '../json-line.ts'
import { Output } from './output.ts'

/** `knocktail parsers`: the log formats that are understood. Answers the exit code. */
export async function runParsers({ json }: { readonly json?: boolean }): Promise<number> {
  const output = new Output()
  for (const { name, title, envelopes } of DIALECTS) {
    output.line(json ? jsonLine({ name, title, envelopes }) : `${name.padEnd(14)}${title}`)
  }
  await output.flush()
  return 0
}
