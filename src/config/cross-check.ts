import type { Config, DoorRule } from './config.ts'
import type { FirewallName } from './firewalls.ts'
import type { Report } from './problem.ts'
import { quoted } from '../printable.ts'
import { keysOf, pairsOf } from './rule-pairs.ts'
import { secretChecks } from './secret-checks.ts'
import { didYouMean } from './suggest.ts'

/** What was read, before it is a Config. */
export interface Doors extends Pick<Config, 'style' | 'firewall' | 'rules' | 'firewalls'> {
  /** Also of the rules that could not be read. */
  readonly ruleNames: readonly string[]
}

/** Every two rules are compared, and every event is held against all of them. */
const MOST_RULES = 1000

/** The errors that only show between two sections. */
export function allChecks(doors: Doors, report: Report): void {
  const beyond = doors.rules[MOST_RULES]
  if (beyond !== undefined) {
    report.error(beyond.line, `rule ${beyond.match.name} is one of ${doors.rules.length}: there may be ${MOST_RULES} at most; let several users share a rule`)
    return
  }
  for (const rule of doors.rules) {
    checkCloses(rule, doors.ruleNames, report)
    checkList(rule, report)
    checkTraps(rule, doors.rules, report)
  }
  secretChecks(doors, report)
  for (const [earlier, later] of pairsOf(doors.rules)) {
    checkOrders(earlier, later, report)
    checkShared(earlier, later, doors, report)
  }
}

function checkCloses(rule: DoorRule, names: readonly string[], report: Report): void {
  const { closes } = rule.opens
  if (closes === undefined) return
  const { name } = rule.match
  if (closes === name) {
    report.error(rule.line, `closes: rule ${name} would close itself: name the rule whose door it ends`)
  } else if (!names.includes(closes)) {
    report.error(rule.line, `closes: there is no rule ${quoted(closes)}${didYouMean(closes, names)}`)
  }
}

/** Whoever knocks for a door must not fall into a trap on the way. */
function checkTraps({ guard, match: { name }, line }: DoorRule, rules: readonly DoorRule[], report: Report): void {
  for (const { port, proto } of guard.trapPorts) {
    const knocked = rules.find(({ match, sequences }) => !match.secret && sequences.some(({ steps }) => steps.some((step) => step.kind === 'port' && step.port === port && step.proto === proto)))
    if (knocked) report.error(line, `trap_ports: ${port}/${proto} of rule ${name} is knocked on for rule ${knocked.match.name}: take a port that nobody has to touch`)
  }
}

/** With both tolerant of swaps, the same knocks would open both doors, whoever meant which. */
function checkOrders(earlier: DoorRule, later: DoorRule, report: Report): void {
  if (earlier.match.reorder === 0 || later.match.reorder === 0) return
  const others = spellings(earlier)
  const clashes = spellings(later).some(({ sorted, asWritten }) => {
    return others.some((other) => other.sorted === sorted && other.asWritten !== asWritten)
  })
  if (!clashes) return
  const names = `rules ${earlier.match.name} and ${later.match.name}`
  const advice = 'set reorder = 0 in both, or change a port'
  report.error(later.line, `${names} are the same ports in another order and both tolerate swaps: ${advice}`)
}

/** With swaps tolerated, the knocks of one would match the other too, whether it is its turn or not, and both would be used up. */
function checkList(rule: DoorRule, report: Report): void {
  if (rule.match.reorder === 0 || rule.kind !== 'one-time') return
  const firsts = new Map<string, { asWritten: string; line: string }>()
  for (const [index, { asWritten, sorted }] of spellings(rule).entries()) {
    const line = rule.sequences[index]!.id.replace('-', ' ')
    const first = firsts.get(sorted)
    if (first === undefined) firsts.set(sorted, { asWritten, line })
    else if (first.asWritten !== asWritten) {
      const which = `${rule.match.name}: the sequence on ${line} of its list is the ports of the one on ${first.line} in another order`
      report.error(rule.line, `rule ${which}, and swaps are tolerated: set reorder = 0, or change a port`)
      return
    }
  }
}

function spellings(rule: DoorRule): { asWritten: string; sorted: string }[] {
  return rule.sequences.map(keysOf).map((keys) => ({ asWritten: keys.join(), sorted: keys.toSorted().join() }))
}

/** What a firewall stores an address in: whoever is in it comes in by every port that it guards. */
const SHARED: Readonly<Partial<Record<FirewallName, string>>> = { nftables: 'set', pf: 'table', ipset: 'set', 'hosts.allow': 'list of daemons' }

/** Then the weaker rule would open what the stronger one guards, and either would close what the other one opened. */
function checkShared(earlier: DoorRule, later: DoorRule, doors: Doors, report: Report): void {
  const [one, other] = [earlier, later].map(({ opens }) => opens.firewall ?? doors.firewall)
  const what = one === undefined ? undefined : SHARED[one]
  if (what === undefined || one !== other || earlier.opens.ports.length === 0 || later.opens.ports.length === 0) return
  const isByPort = (doors.firewalls.find(({ name }) => name === one)?.settings['elements']?.length ?? 1) > 1
  if (isByPort || portsText(earlier) === portsText(later)) return
  const names = `rules ${earlier.match.name} and ${later.match.name}`
  const advice = one === 'nftables' ? 'the same ports, another firewall, or a set with elements = address . proto . service' : 'the same ports, or another firewall'
  report.error(later.line, `${names} open different ports through one ${one} ${what}, so either would open both: give them ${advice}`)
}

function portsText({ opens }: DoorRule): string {
  return opens.ports.map(({ port, proto }) => `${port}/${proto}`).toSorted().join()
}
