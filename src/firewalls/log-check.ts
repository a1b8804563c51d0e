import type { SourceConfig } from '../config/config.ts'
import { printable } from '../printable.ts'
import type { Finding } from './firewall.ts'
import type { Tools } from './tools.ts'

/** What prints every rule that may log a packet into the kernel's log, whichever tool made it; terse: without what sets hold. */
const LISTS = [['nft', '-t', 'list', 'ruleset'], ['iptables-save'], ['ip6tables-save'], ['iptables-legacy-save'], ['ip6tables-legacy-save']] as const

const LIMIT_MS = 10_000
const RULES_BYTES = 16 * 1024 * 1024

/**
 * Whether some rule still logs with the prefix of each source that reads this machine's kernel log: without one, no knock is ever heard.
 * Where no rules can be listed nothing is said.
 */
export async function checkLogRules(sources: readonly Pick<SourceConfig, 'name' | 'follow' | 'prefix'>[], { run, find }: Tools): Promise<Finding[]> {
  const kernel = sources.filter(({ follow, prefix }) => (follow.kind === 'kmsg' || follow.kind === 'journald') && prefix !== undefined)
  if (kernel.length === 0 || process.platform !== 'linux') return []
  const rules: string[] = []
  for (const [name, ...args] of LISTS) {
    const program = find(name)
    if (program === undefined) continue
    const { code, stdout } = await run({ program, args, timeLimitMs: LIMIT_MS, onTimeLimit: 'group', stdoutBytes: RULES_BYTES })
    if (code === 0) rules.push(stdout)
    else if (name === 'nft') return []
  }
  if (rules.length === 0) return []
  const prefixes = [...rules.join('\n').matchAll(/prefix (?:"((?:[^"\\\n]|\\.)*)"|(\S+))/g)].map(([, inQuotes, bare = '']) => (inQuotes ?? bare).replaceAll(/\\(.)/g, '$1'))
  return kernel.filter(({ prefix }) => !prefixes.some((logged) => logged.startsWith(prefix!))).map(({ name, prefix }) => ({
    severity: 'error',
    message: `no rule of nftables or iptables logs with the prefix "${printable(prefix!)}", so source ${printable(name)} hears no knock: load the rules that log your knock ports again`,
  }))
}
