import { knockPorts, rangesText, type Plan } from '../plan.ts'
import type { DoorRules } from './door-rules.ts'
import { BURST, isIPv4 } from './limits.ts'

/** The chains of this file, beside KNOCKTAIL, which the daemon fills. */
const CHAINS = ['KNOCK', 'KNOCK-LOG'] as const

const FAMILIES = [
  { program: 'iptables', file: 'door.rules', ofIPv4: true },
  { program: 'ip6tables', file: 'door6.rules', ofIPv4: false },
] as const

/** At the top of INPUT: who always comes in, the log, those whom Knocktail has let in, and nobody else to that port. */
export function iptablesRules(plan: Plan): DoorRules {
  return {
    files: FAMILIES.map(({ file, program, ofIPv4 }) => ({ name: file, text: rulesText(plan, program, ofIPv4) })),
    load: FAMILIES.map(({ program, file }) => `${program}-restore -n ${plan.place}/${file}`),
    undo: FAMILIES.flatMap(({ program }) => undo(plan, program)),
    keep: ['netfilter-persistent save   # with no door open: what is open then would be open after every restart'],
    notes: [`Load them once: a second time would put the same rules above the first. Take them away with undo.sh before.`],
    settings: [],
  }
}

function rulesText(plan: Plan, program: string, ofIPv4: boolean): string {
  const { port: { port, proto } } = plan
  const allowed = plan.alwaysAllow.filter((network) => isIPv4(network) === ofIPv4)
  return `# A door for ${port}/${proto}, shut but for the addresses in chain KNOCKTAIL, and knocks that are logged. Load it once: ${program}-restore -n THIS-FILE
*filter
:KNOCK - [0:0]
:KNOCK-LOG - [0:0]
:KNOCKTAIL - [0:0]
-A KNOCK -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
# Who always comes in: no daemon is needed for that.
${allowed.map(({ text }) => `-A KNOCK -s ${text} -p ${proto} --dport ${port} -j ACCEPT\n`).join('')}${logRules(plan, '-A KNOCK', 'KNOCK-LOG')}
# Behind the log, so that the machine can knock at itself to see whether it is heard (canary).
-A KNOCK -i lo -j ACCEPT
-I INPUT 1 -j KNOCK
# Knocktail fills this chain with those whom it has let in.
-I INPUT 2 -j KNOCKTAIL
-I INPUT 3 ${doorMatch(plan)} -j DROP
COMMIT
`
}

/** A packet amid a connection that is older than these rules is none that opens one. */
function doorMatch({ port: { port, proto } }: Plan): string {
  return `-p ${proto} --dport ${port}${proto === 'tcp' ? ' --tcp-flags SYN,ACK SYN' : ''}`
}

/**
 * Of an address that sends more than this within a second nothing more is logged. `recent` forgets the oldest address where it is full, so that
 * more is logged, not less; `hashlimit` would drop the packet. `rule`: where the log belongs, `-A CHAIN`.
 */
export function logRules(plan: Plan, rule: string, chain: string): string {
  const ports = rangesText(knockPorts(plan.knock), ':', ',')
  const share = '-m recent --name knocktail --rsource'
  return `${rule} -p tcp -m multiport --dports ${ports} --syn -j ${chain}
# Each address has a share of its own in the log: a flood can neither fill it nor hide the knocks of others.
-A ${chain} ${share} --rcheck --seconds 1 --hitcount ${BURST} -j RETURN
-A ${chain} ${share} --set -j LOG --log-prefix "${plan.prefix}"`
}

function undo(plan: Plan, program: string): string[] {
  const jumps = [doorMatch(plan).concat(' -j DROP'), '-j KNOCKTAIL', '-j KNOCK'].map((rule) => `${program} -w 5 -D INPUT ${rule}`)
  const chains = [...CHAINS, 'KNOCKTAIL'].flatMap((chain) => [`${program} -w 5 -F ${chain}`])
  const removed = [...CHAINS, 'KNOCKTAIL'].map((chain) => `${program} -w 5 -X ${chain}`)
  return [...jumps, ...chains, ...removed].map((command) => `${command} 2>/dev/null || true`)
}
