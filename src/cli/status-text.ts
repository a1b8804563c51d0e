import { forPeople } from '../../parsers/time.ts'
import type { AttemptStatus, DeafStatus, GrantStatus, Listing, RuleStatus, SourceStatus, Status, Story } from '../control/controlled.ts'
import { printable } from '../printable.ts'

/** How it goes, in lines for people. */
export function statusLines({ pid, since, mode, sources, rules, grants, waiting, addresses }: Status): string[] {
  return [
    `running since ${timeText(since)}, process ${pid}${mode === 'observe' ? ', and only observing: nothing is opened' : ''}`,
    ...sources.map(sourceLine),
    ...rules.map(ruleLine),
    `${grants} open, ${waiting} operations wait for a firewall, ${addresses} addresses remembered`,
  ].map(printable)
}

function sourceLine({ name, follows, state, lines, understood, notUnderstood, stale, lost, lagMs, quietS }: SourceStatus): string {
  const heard = quietS === undefined ? 'nothing heard yet' : `last heard ${quietS} s ago, ${lagMs} ms late`
  return `source ${name} (${follows}): ${state}, ${heard}; ${lines} lines, ${understood} understood, ${notUnderstood} not, ${stale} stale, ${lost} lost`
}

function ruleLine({ name, paused, grants, attempts, opened, extended, failed, tooSlow }: RuleStatus): string {
  return `rule ${name}:${paused ? ' paused,' : ''} ${grants} open; ${attempts} attempts, ${opened} opened, ${extended} extended, ${failed} failed, ${tooSlow} too slow`
}

export function listingLines({ grants, attempts, deaf }: Listing): string[] {
  return [...(grants.length === 0 ? ['nothing is open'] : grants.map(grantLine)), ...attempts.map(attemptLine), ...deaf.map(deafLine)].map(printable)
}

/** Each thing that an address did, then how far that has brought it. */
export function storyLines({ knocks, ...listing }: Story): string[] {
  const told = knocks.map(({ time, what, steps }) => {
    const where = steps.map(({ rule, step, steps: all }) => `step ${step} of ${all} of ${rule}`)
    return `${forPeople(time)}  ${what.padEnd(12)}  ${where.length > 0 ? where.join(', ') : 'no step of a rule without secrets'}`
  })
  return [...told.map(printable), ...listingLines(listing)]
}

function grantLine({ rule, address, user, until, remainingS, why }: GrantStatus): string {
  const who = user === undefined ? address : `${address} (${user})`
  return `open     ${rule}  ${who}  for ${remainingS} s more, until ${timeText(until)}${why === undefined ? '' : `; but ${why}`}`
}

function attemptLine({ rule, address, taken, steps, since }: AttemptStatus): string {
  return `attempt  ${rule}  ${address}  step ${taken} of ${steps}, since ${timeText(since)}`
}

function deafLine({ rule, network, remainingS, why }: DeafStatus): string {
  return `deaf     ${rule === 'any' ? 'rules without secrets' : rule}  to ${network === 'any' ? 'everybody' : network} for ${remainingS} s more: ${WHY_DEAF[why]}`
}

const WHY_DEAF = { lockout: 'it failed too often', trap: 'it touched a trap', scan: 'it scanned ports' } as const

function timeText(time: string): string {
  return `${time.slice(0, 19).replace('T', ' ')}Z`
}
