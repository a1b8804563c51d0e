import picocolors from 'picocolors'
import { ask, NotRunning } from '../control/client.ts'
import type { ConditionStatus, Listing, Status } from '../control/controlled.ts'
import { jsonLine } from '../json-line.ts'
import { printable } from '../printable.ts'
import { runDirOf, type AskOptions } from './ask.ts'
import { Output } from './output.ts'
import { listingLines, statusLines } from './status-text.ts'

/** `knocktail status`: how it goes. Answers the exit code, 1 if something is wrong, so that it can be a health check. */
export async function runStatus(options: AskOptions): Promise<number> {
  const output = new Output()
  const { conditions, status } = await lookAt(await runDirOf(options))
  if (options.json) output.line(jsonLine(status ? { ...status } : { v: 1, conditions }))
  else for (const line of [...conditions.flatMap(conditionLines), ...(status ? statusLines(status) : [])]) output.line(line)
  await output.flush()
  return conditions.some(({ weight }) => weight === 'wrong') ? 1 : 0
}

/** `knocktail list`: what is open, and who is amid a sequence. Answers the exit code. */
export async function runList(options: AskOptions): Promise<number> {
  const output = new Output()
  const { list } = (await ask(await runDirOf(options), 'list')) as { readonly list: Listing } & Record<string, unknown>
  for (const line of options.json ? [jsonLine({ ...list })] : listingLines(list)) output.line(line)
  await output.flush()
  return 0
}

/** A daemon that is not there is what a health check wants to know, and no error. */
async function lookAt(runDir: string): Promise<{ readonly conditions: readonly ConditionStatus[]; readonly status?: Status }> {
  try {
    const { status } = (await ask(runDir, 'status')) as { readonly status: Status } & Record<string, unknown>
    return { conditions: status.conditions, status }
  } catch (error) {
    if (!(error instanceof NotRunning)) throw error
    const advice = 'start it by its service manager, or with knocktail run -c FILE; its log says why it ended'
    return { conditions: [{ name: 'not-running', weight: 'wrong', text: error.message, advice, since: new Date().toISOString() }] }
  }
}

function conditionLines({ weight, text, advice }: ConditionStatus): string[] {
  const paint = process.stdout.isTTY ? (weight === 'wrong' ? picocolors.red : picocolors.yellow) : String
  return [`${paint(weight === 'wrong' ? 'WRONG' : 'note ')}  ${printable(text)}`, `       ${printable(advice)}`]
}
