import { parseLine } from '../../parsers/dialects.ts'
import { isParsed, type Dialect, type Outcome } from '../../parsers/parser.ts'
import type { SourceConfig } from '../config/config.ts'
import { dialectOf, parseContextOf } from '../sources/source-dialect.ts'
import { outputOf, type World } from './world.ts'

const JOURNAL = ['--boot', '--quiet', '--no-pager', '--output=json', '--lines=1000']

/** Whether it shows the packets that this machine's kernel logs. */
export function isKernelLog({ follow, parser }: SourceConfig): boolean {
  return follow.kind === 'kmsg' || follow.kind === 'journald' ? (parser ?? 'kernel') === 'kernel' : parser === 'kernel'
}

/** What became of the lines that a source has now; undefined: they cannot be looked at without taking them away, or not at all. */
export async function outcomesOf(source: SourceConfig, world: World): Promise<Outcome[] | undefined> {
  const dialect = dialectOf(source, undefined)
  if ('why' in dialect) return undefined
  const lines = await linesOf(source, dialect, world)
  // dmesg prints records in another envelope than /dev/kmsg does, and escapes nothing.
  const kmsg = source.follow.kind === 'kmsg'
  const context = parseContextOf(kmsg ? { ...source, follow: { kind: 'stdin' } } : source)
  return lines?.filter((line) => line !== '').map((line) => parseLine(kmsg ? { ...dialect, envelopes: ['printk'] } : dialect, line, context))
}

async function linesOf({ follow }: SourceConfig, { kernelOnly }: Dialect, world: World): Promise<readonly string[] | undefined> {
  switch (follow.kind) {
    case 'kmsg': return (await outputOf(world, 'dmesg', '--raw'))?.split('\n')
    case 'journald': return (await outputOf(world, 'journalctl', ...JOURNAL, ...(kernelOnly ? ['_TRANSPORT=kernel', 'SYSLOG_FACILITY=0'] : [])))?.split('\n')
    case 'file': return world.canOpen(follow.path) ? world.lastLines(follow.path) : undefined
    default: return undefined
  }
}

export function understood(outcomes: readonly Outcome[]): number {
  return outcomes.filter(isParsed).length
}
