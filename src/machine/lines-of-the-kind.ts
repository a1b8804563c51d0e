import { isParsed, type Outcome } from '../../parsers/parser.ts'
import { REASONS, type Reason } from '../../parsers/reason.ts'
import { quoted } from '../printable.ts'
import type { Finding, SourceLook } from './finding.ts'
import { isKernelLog, outcomesOf, understood } from './source-lines.ts'

/** Whether a source can be read, and has lines of its kind; and whether its syslog daemon folds lines that repeat. */
export const linesOfTheKind: SourceLook = async (source, world) => {
  const { follow } = source
  if (follow.kind === 'file' && world.modifiedAt(follow.path) === undefined) {
    return [{ severity: 'error', message: `there is no file ${follow.path}: it is followed as soon as it is there`, mend: `touch ${follow.path}` }]
  }
  if (follow.kind === 'file' && !world.canOpen(follow.path)) {
    const severity = world.isRoot ? 'error' : 'note'
    return [{ severity, message: `${follow.path} cannot be read by this user: what is in it was not looked at`, ...(severity === 'note' && { mend: 'run check as root' }) }]
  }
  const outcomes = await outcomesOf(source, world)
  if (outcomes === undefined) return follow.kind === 'command' || follow.kind === 'stdin' ? [] : [unread(source.name)]
  return [...noneUnderstood(outcomes, isKernelLog(source), source.prefix), ...folded(outcomes)]
}

function unread(name: string): Finding {
  return { severity: 'note', message: `its lines could not be looked at`, mend: `run check as root, or knocktail check --live to see what comes of ${name}` }
}

/** Of the kernel's log this means nothing before the first knock. */
function noneUnderstood(outcomes: readonly Outcome[], isKernel: boolean, prefix: string | undefined): Finding[] {
  if (understood(outcomes) > 0) return []
  if (outcomes.length === 0) return [{ severity: 'note', message: 'it has no lines yet' }]
  const reason = mostFrequent(outcomes.map((outcome) => (typeof outcome === 'string' ? outcome : isParsed(outcome) ? 'not-this-dialect' : outcome.reason)))
  if (isKernel) return [{ severity: 'note', message: `none of its last ${outcomes.length} lines is a packet with the prefix ${quoted(prefix ?? '')}: nothing was logged yet, or it is another prefix`, mend: 'knock once, and check again' }]
  return [{ severity: 'warning', message: `none of its last ${outcomes.length} lines is understood, mostly since it is ${REASONS[reason]}`, mend: 'knocktail parse FILE finds out which format it is: set parser to that' }]
}

function mostFrequent(reasons: readonly Reason[]): Reason {
  const counts = new Map<Reason, number>()
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  const [[most] = ['not-this-dialect' as const]] = [...counts].toSorted(([, one], [, other]) => other - one)
  return most
}

function folded(outcomes: readonly Outcome[]): Finding[] {
  const notices = outcomes.filter((outcome) => outcome === 'repeat-notice' || (typeof outcome === 'object' && 'reason' in outcome && outcome.reason === 'repeat-notice')).length
  if (notices === 0) return []
  return [{ severity: 'warning', message: `its syslog daemon folds lines that repeat ("message repeated"): ${notices} knocks or more are not to be seen`, mend: 'follow = kmsg' }]
}
