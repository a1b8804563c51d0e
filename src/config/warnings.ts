import { keyspace } from '../../rules/keyspace.ts'
import { tolerancesOf } from './guessing.ts'
import type { Step } from '../../rules/rule.ts'
import type { DoorRule } from './config.ts'
import type { Doors } from './cross-check.ts'
import { neededKeys, type FirewallName } from './firewalls.ts'
import type { Report } from './problem.ts'
import { overlap, pairsOf, staticKeys } from './rule-pairs.ts'
import { formatSequence, formatStep } from './sequence.ts'
import { serviceOn } from './services.ts'

/** Below this a patient botnet finds the sequence. */
const FEW_BITS = 32

/** What loads but may not do what was meant. */
export function allWarnings(doors: Doors, report: Report): void {
  if (doors.rules.length === 0) report.warning(0, 'there is no rule: nothing can be opened')
  for (const rule of doors.rules) {
    for (const message of [...weaknesses(rule), ...idleLimits(rule), ...idleGuards(rule), ...firewallGaps(rule, doors)]) report.warning(rule.line, message)
  }
  for (const [earlier, later] of pairsOf(doors.rules)) {
    const message = pairWarning(earlier, later, doors.style)
    if (message !== undefined) report.warning(later.line, message)
  }
}

/** Limits that the log of a step cannot show. */
function idleLimits({ match: { name, limits }, sequences }: DoorRule): string[] {
  const kinds = new Set(sequences.flatMap(({ steps }) => steps.map(({ kind }) => kind)))
  const packetLimit = limits.interfaces ? 'interface' : limits.target ? 'target' : undefined
  return [
    ...(packetLimit && kinds.has('request') ? [`rule ${name} can never open: no web log shows the ${packetLimit} of a request: drop ${packetLimit} or the web step`] : []),
    ...(limits.status && !kinds.has('request') ? [`rule ${name}: status has no effect on ports: drop it`] : []),
  ]
}

/** What proves a secret is never held to account for what others may have sent. */
function idleGuards({ match: { name, secret }, guard }: DoorRule): string[] {
  if (!secret) return []
  const idle = [guard.trapPorts.length > 0 && 'trap_ports', guard.maxRuleFailures > 0 && 'max_rule_failures'].filter((key) => key !== false)
  return idle.map((key) => `rule ${name}: ${key} has no effect on knocks that prove a secret, since anyone could lock their user out: drop it`)
}

function weaknesses(rule: DoorRule): string[] {
  return [...oneStep(rule), ...fewBits(rule), ...monotonic(rule), ...services(rule)]
}

function oneStep(rule: DoorRule): string[] {
  if (!rule.sequences.some(({ steps }) => steps.length === 1)) return []
  return [`rule ${rule.match.name} opens after a single knock, so any scan that touches it does: use three or more`]
}

function fewBits(rule: DoorRule): string[] {
  const longer = rule.sequences.filter(({ steps }) => steps.length > 1)
  const least = Math.min(...longer.map(({ steps }) => keyspace(steps, tolerancesOf(rule)).left))
  if (least >= FEW_BITS) return []
  const left = `rule ${rule.match.name} leaves a guesser ${least.toFixed(1)} bits`
  return [`${left}: use more steps, or lower reorder and other_ports`]
}

/** Only where one sequence stands for good: of many drawn at random some will be in order. */
function monotonic(rule: DoorRule): string[] {
  const steps = rule.sequences[0]?.id === 'static' ? rule.sequences[0].steps : []
  const ports = steps.flatMap((step) => (step.kind === 'port' ? [step.port] : []))
  const rises = ports.slice(1).map((port, index) => Math.sign(port - (ports[index] ?? 0)))
  const scan = (way: string): string[] => {
    const found = `rule ${rule.match.name}: the ports ${formatSequence(steps)} are ${way}`
    return [`${found}, the order of a port scan: shuffle them`]
  }
  if (rises.length > 0 && rises.every((rise) => rise > 0)) return scan('ascending')
  if (rises.length > 1 && rises.every((rise) => rise < 0)) return scan('descending')
  return []
}

function services(rule: DoorRule): string[] {
  const steps = new Map(rule.sequences.flatMap((sequence) => sequence.steps).map((step) => [formatStep(step), step]))
  return [...steps].flatMap(([spelling, step]) => {
    const service = serviceOf(step)
    if (service === undefined) return []
    const used = `rule ${rule.match.name}: port ${spelling} is used by ${service}`
    return [`${used}, so anyone who looks for that knocks: take a port above 1023`]
  })
}

function serviceOf(step: Step): string | undefined {
  return step.kind === 'port' ? serviceOn(step.port, step.proto) : undefined
}

/** A match must reach something that knows what to fill or to run. */
function firewallGaps(rule: DoorRule, doors: Doors): string[] {
  const { name } = rule.match
  const { ports, startCommand } = rule.opens
  const firewall = rule.opens.firewall ?? doors.firewall
  if (ports.length === 0 || startCommand !== undefined) return []
  if (firewall === undefined) return [`rule ${name} has ports but no firewall: set firewall to nftables, pf, ufw ...`]
  if (firewall === 'command') return [`rule ${name} uses firewall command but has no start_command: nothing would be run`]
  if (isComplete(firewall, doors)) return []
  const advice = `add [firewall ${firewall}] with ${neededKeys(firewall).join(' or ')}`
  return [`rule ${name} uses firewall ${firewall}, which does not know what to fill: ${advice}`]
}

function isComplete(name: FirewallName, doors: Doors): boolean {
  return neededKeys(name).length === 0 || doors.firewalls.some((firewall) => firewall.name === name)
}

/** What two static rules do to each other, if one event can be a knock of both. */
function pairWarning(earlier: DoorRule, later: DoorRule, style: Doors['style']): string | undefined {
  const [one, other] = [staticKeys(earlier), staticKeys(later)]
  if (one === undefined || other === undefined || !overlap(earlier.match, later.match)) return undefined
  const [first, second] = [earlier.match.name, later.match.name]
  if (one.join() === other.join()) {
    // knockd runs both, and people use that.
    return style === 'native' ? `rules ${first} and ${second} have the same sequence: the same knocks open both` : undefined
  }
  if (one.length === other.length) return swapWarning([earlier, later], [one, other])
  const isFirst = one.length < other.length
  const [short, long, inner, outer] = isFirst ? [first, second, one, other] : [second, first, other, one]
  const isPrefix = inner.every((key, index) => key === outer[index])
  if (!isPrefix && !contains(outer, inner)) return undefined
  const place = isPrefix ? 'is a prefix of' : 'is contained in'
  const found = `the sequence of rule ${short} ${place} that of rule ${long}`
  return `${found}, so whoever knocks for ${long} opens ${short} on the way: change a port`
}

/** Whoever knocks quickly for the strict one may be taken for one of the other whose knocks were swapped. */
function swapWarning(rules: readonly [DoorRule, DoorRule], [one, other]: readonly [string[], string[]]): string | undefined {
  const tolerant = rules.find(({ match }) => match.reorder !== 0)
  if (tolerant === undefined || one.toSorted().join() !== other.toSorted().join()) return undefined
  const [first, second] = rules.map(({ match }) => match.name)
  return `rules ${first} and ${second} are the same ports in another order, and ${tolerant.match.name} tolerates swaps, so quick knocks count for both: set reorder = 0 in both, or change a port`
}

/** In that order, with anything between: other rules' knocks do no harm. */
function contains(outer: readonly string[], inner: readonly string[]): boolean {
  let next = 0
  for (const key of outer) if (key === inner[next]) next++
  return next === inner.length
}
