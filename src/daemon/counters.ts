import type { Log } from '../log/log.ts'
import { sourceLogEvents } from '../log/source-events.ts'
import type { RuleTally } from '../tally.ts'
import type { Daemon } from './daemon.ts'
import type { Following } from './following.ts'

/** Tells what was counted since the start: a line a source, a line a rule, and one of the whole. */
export function tellCounters(daemon: Daemon, following: Following, log: Log): void {
  for (const { name, stats } of following.sources) log.write(sourceLogEvents.counters(name, stats, daemon.stale.get(name) ?? 0))
  for (const [rule, tally] of daemon.pipeline.tally.rules) tellRule(rule, tally, log)
  const { grants, waiting } = daemon.doors
  const { addresses, deaf } = daemon.pipeline
  log.write({
    level: 'info', event: 'counters', text: `${grants.size} grants, ${waiting} operations waiting, ${addresses} addresses remembered, deaf to ${deaf.length}`,
    facts: { grants: grants.size, waiting, addresses, deaf: deaf.length },
  })
}

function tellRule(rule: string, { attempts, opens, extensions, failedAt, timeouts, forgotten, lockouts, capped }: RuleTally, log: Log): void {
  const failures = [...failedAt.values()].reduce((sum, count) => sum + count, 0)
  log.write({
    level: 'info', event: 'counters',
    text: `rule ${rule}: ${attempts} attempts, ${opens} opens, ${extensions} extensions, ${failures} failures, ${timeouts} time-outs, ${forgotten} forgotten, ${lockouts} lock-outs, ${capped} capped`,
    facts: { rule, attempts, opens, extensions, failures, timeouts, forgotten, lockouts, capped },
  })
}
