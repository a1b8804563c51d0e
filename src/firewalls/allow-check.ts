import type { Config } from '../config/config.ts'
import type { FirewallName } from '../config/firewalls.ts'
import type { Finding } from './firewall.ts'
import type { Tools } from './tools.ts'

/** What prints the rules of a firewall, sets and tables included, as commands to be tried in turn. */
const RULES: Readonly<Partial<Record<FirewallName, readonly (readonly [string, ...string[]])[]>>> = {
  nftables: [['nft', 'list', 'ruleset']],
  iptables: [['iptables-save'], ['ip6tables-save']],
  ipset: [['iptables-save'], ['ip6tables-save'], ['ipset', 'save']],
  ufw: [['ufw', 'status']],
  firewalld: [['firewall-cmd', '--list-all']],
  pf: [['pfctl', '-sr'], ['pfctl', '-sT', '-v']],
}

const LIMIT_MS = 10_000
const RULES_BYTES = 16 * 1024 * 1024

/**
 * always_allow makes no entries: whoever is in it comes in by a rule of the admin's own, which no daemon is needed for. Warns of those that
 * no rule names, since with a dead daemon they would be locked out.
 */
export async function checkAllows(firewall: FirewallName, networks: Config['alwaysAllow'], { run, find }: Tools): Promise<Finding[]> {
  const commands = RULES[firewall]
  if (!commands || networks.length === 0) return []
  let rules = ''
  for (const [name, ...args] of commands) {
    const program = find(name)
    if (program === undefined) continue
    const { code, stdout } = await run({ program, args, timeLimitMs: LIMIT_MS, onTimeLimit: 'group', stdoutBytes: RULES_BYTES })
    if (code === 0) rules += stdout
  }
  if (rules === '') return []
  const words = new Set(rules.split(/[^0-9a-fA-F:./]+/).map((word) => word.replace(/\/(?:32|128)$/, '')))
  return networks.filter(({ text }) => !words.has(text)).map(({ text }) => ({
    severity: 'warning', message: `always_allow ${text} stands in no rule of ${firewall}: add one that accepts it, before the doors, so that it depends on no daemon`,
  }))
}
