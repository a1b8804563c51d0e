import { quoted } from '../printable.ts'
import type { Finding, SourceLook } from './finding.ts'
import { isKernelLog } from './source-lines.ts'
import { outputOf, type World } from './world.ts'

const UFW = '[UFW '
const MEND = 'knocktail init writes such rules'

/** Whether a rule of the firewall logs with the source's prefix, and whether a flood could hide knocks from it. */
export const logRule: SourceLook = async (source, world) => {
  const { prefix, follow } = source
  if (!isKernelLog(source) || prefix === undefined) return []
  const rules = await loggingRules(world)
  if (rules === undefined) return [{ severity: 'note', message: 'whether a rule of the firewall logs with its prefix could not be looked at', mend: 'run check as root' }]
  const own = rules.filter((rule) => rule.includes(`prefix "${prefix}"`))
  // A file may be another machine's.
  const severity = follow.kind === 'file' ? 'warning' : 'error'
  if (own.length === 0) return [{ severity, message: `no rule of nft or iptables logs with the prefix ${quoted(prefix)}: no knock is ever seen`, mend: MEND }]
  return prefix.startsWith(UFW) ? ufwLimit(world) : unique(own.flatMap(limitOf))
}

/** The lines of all rulesets that log; undefined: none could be read. */
async function loggingRules(world: World): Promise<string[] | undefined> {
  const texts = await Promise.all([outputOf(world, 'nft', 'list', 'ruleset'), outputOf(world, 'iptables-save'), outputOf(world, 'ip6tables-save')])
  const read = texts.filter((text) => text !== undefined)
  return read.length === 0 ? undefined : read.flatMap((text) => text.split('\n')).filter((line) => /\blog\b|-j LOG\b/.test(line))
}

/** A limit in braces belongs to a set, so that each address has its own. */
function limitOf(rule: string): Finding[] {
  const shown = quoted(rule.trim())
  const outside = rule.replaceAll(/\{[^}]*\}|"[^"]*"/g, '')
  if (/\blimit rate (?!over)|-m limit\b/.test(outside)) {
    return [{ severity: 'warning', message: `the rule ${shown} limits what it logs for all addresses together: whoever sends much hides the knocks of others`, mend: MEND }]
  }
  if (/\{[^}]*\blimit rate (?!over)[^}]*\}/.test(rule)) {
    return [{ severity: 'warning', message: `the rule ${shown} logs nobody new when its set is full: let "limit rate over" return before the rule that logs`, mend: MEND }]
  }
  return []
}

function unique(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map((finding) => [finding.message, finding])).values()]
}

/** ufw(8): up to level medium, what it logs is limited to 3 packets a minute for all together. */
async function ufwLimit(world: World): Promise<Finding[]> {
  const status = await outputOf(world, 'ufw', 'status', 'verbose')
  const [, level] = /^Logging: (?:on \()?(\w+)\)?/m.exec(status ?? '') ?? []
  const mend = 'ufw logging high'
  if (level === 'off') return [{ severity: 'error', message: 'ufw logs nothing: no knock is ever seen', mend }]
  if (level !== 'low' && level !== 'medium') return []
  return [{ severity: 'warning', message: `ufw, whose log level is ${level}, logs 3 packets a minute for all addresses together: it hides knocks`, mend }]
}
