import { stepKey, type RangeStep } from '../../rules/rule.ts'
import type { Config, DoorRule } from './config.ts'
import type { Report } from './problem.ts'
import { quoted } from '../printable.ts'
import { keysOf, pairsOf } from './rule-pairs.ts'

/** One user's secret, or list, in one rule. */
interface Place {
  readonly rule: DoorRule
  readonly user: string
  /** By what two are the same. */
  readonly id: string
}

/** The errors that only show between rules of which one proves a secret. */
export function secretChecks({ rules, style }: Pick<Config, 'rules' | 'style'>, report: Report): void {
  for (const [earlier, later] of pairsOf(rules.flatMap(secretPlaces))) checkSecrets(earlier, later, report)
  for (const [earlier, later] of pairsOf(rules.flatMap(listPlaces))) checkLists(earlier, later, report)
  // knockd runs with such lists.
  checkCopies(rules, (line, message) => (style === 'knockd' ? report.warning(line, message) : report.error(line, message)))
  for (const rule of rules) {
    for (const other of rules) {
      if (rule === other) continue
      checkRanges(rule, other, report)
      checkDrawn(rule, other, report)
    }
  }
  for (const [earlier, later] of pairsOf(rules)) checkTokenPaths(earlier, later, report)
}

function secretPlaces(rule: DoorRule): Place[] {
  return rule.secretIds.map((id, index) => ({ rule, user: rule.users[index]!, id }))
}

function listPlaces(rule: DoorRule): Place[] {
  return rule.lists.flatMap(({ path, user }) => (user === undefined ? [] : [{ rule, user, id: path }]))
}

/** A code does not say for which rule it is made: whoever sees it used for one could use it for the other. And nobody could say whose it was. */
function checkSecrets(earlier: Place, later: Place, report: Report): void {
  if (earlier.id !== later.id) return
  const hasCode = [earlier, later].some(({ rule }) => rule.kind === 'totp')
  if (!hasCode && earlier.user === later.user) return
  const where = `${placeText(earlier)} and ${placeText(later)} have the same secret`
  report.error(later.rule.line, `${where}: ${hasCode ? 'one that totp uses must be used nowhere else' : 'each user needs one of his own'}`)
}

function checkLists(earlier: Place, later: Place, report: Report): void {
  if (earlier.id !== later.id || earlier.user === later.user) return
  report.error(later.rule.line, `${placeText(earlier)} and ${placeText(later)} have the same list, ${quoted(later.id)}: each user needs one of his own`)
}

/** What was used of one list is still good in the other, for whoever saw it. Told once. */
function checkCopies(rules: readonly DoorRule[], tell: (line: number, message: string) => void): void {
  const firsts = new Map<string, string>()
  for (const { lists, line, match: { name } } of rules) {
    for (const { path, sequences } of lists) {
      const copied = sequences.map((sequence) => firsts.get(keysOf(sequence).join())).find((first) => first !== undefined && first !== path)
      if (copied !== undefined) return tell(line, `rule ${name}: a sequence of ${quoted(path)} stands in ${quoted(copied)} too: used there, it could be used again here by whoever saw it. Give each list sequences of its own`)
      for (const sequence of sequences) firsts.set(keysOf(sequence).join(), path)
    }
  }
}

function placeText({ rule, user }: Place): string {
  return `user ${user} in rule ${rule.match.name}`
}

/** Every port of a code's range is a knock of its rule: a fixed one among them would be a wrong guess each time. */
function checkRanges(rule: DoorRule, other: DoorRule, report: Report): void {
  if (rule.kind !== 'totp') return
  const ranges = rangesOf(rule)
  for (const step of new Set(other.sequences.flatMap(({ steps }) => steps))) {
    const range = step.kind === 'port' ? ranges.find((candidate) => holds(candidate, step)) : undefined
    if (range === undefined) continue
    const taken = other.kind === 'one-time' ? 'a port of its list' : `port ${stepKey(step)}`
    report.error(other.line, `rule ${other.match.name}: ${taken} lies among ${stepKey(range)}, where every port is a guess for rule ${rule.match.name}: take another one, or set bases there`)
    return
  }
}

/** Ports that are guesses for a code are no other ports: a guesser would try them all at once for a rule that draws from among them. */
function checkDrawn(rule: DoorRule, other: DoorRule, report: Report): void {
  if (rule.kind !== 'totp' || other.kind !== 'hmac' || other.match.window !== undefined) return
  const [drawn] = rangesOf(other)
  const range = rangesOf(rule).find(({ proto, from, count }) => proto === drawn?.proto && from < drawn.from + drawn.count && drawn.from < from + count)
  if (range === undefined) return
  const { name } = other.match
  report.error(other.line, `rule ${name}: its port_range holds ${stepKey(range)}, where every port is a guess for rule ${rule.match.name}, and it is too short for that: set more knocks, or a port_range without those`)
}

function rangesOf({ sequences }: DoorRule): RangeStep[] {
  return sequences.flatMap(({ steps }) => steps.filter((step) => step.kind === 'range'))
}

function holds({ proto, from, count }: RangeStep, step: { readonly proto: string; readonly port: number }): boolean {
  return step.proto === proto && step.port >= from && step.port < from + count
}

function checkTokenPaths(earlier: DoorRule, later: DoorRule, report: Report): void {
  const [one, other] = [earlier, later].map(({ sequences }) => sequences[0]?.steps.find((step) => step.kind === 'token')?.path)
  if (one === undefined || one !== other) return
  report.error(later.line, `rules ${earlier.match.name} and ${later.match.name} have tokens below the same path, ${quoted(one)}, so a right one for either is a wrong one for the other: set token_path`)
}
