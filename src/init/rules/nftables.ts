import type { Network } from '../../../parsers/network.ts'
import { knockPorts, rangesText, type Plan } from '../plan.ts'
import type { DoorRules } from './door-rules.ts'
import { BURST, isIPv4, PER_SECOND } from './limits.ts'

const TABLE = 'inet knocktail'

/** A table of our own before all others: it needs none of theirs, and goes as a whole. */
export function nftablesRules(plan: Plan): DoorRules {
  const path = `${plan.place}/door.nft`
  return {
    files: [{ name: 'door.nft', text: tableText(plan) }],
    load: [`nft -f ${path}`],
    undo: [`nft delete table ${TABLE} 2>/dev/null || true`],
    keep: [`grep -qs '${path}' /etc/nftables.conf || echo 'include "${path}"' >> /etc/nftables.conf`, 'systemctl enable nftables'],
    notes: [`Rules of yours that let ${plan.port.port}/${plan.port.proto} in may stay: the new table decides before them, and they after it.`],
    settings: ['[firewall nftables]', `set4 = ${TABLE} open4`, `set6 = ${TABLE} open6`],
  }
}

function tableText(plan: Plan): string {
  const { port: { port, proto }, prefix } = plan
  // A packet amid a connection that is older than these rules is none that opens one.
  const opening = proto === 'tcp' ? ' tcp flags syn / syn,ack' : ''
  return `# A door for ${port}/${proto}, shut but for the addresses in two sets that Knocktail fills, and knocks that are logged.
# Load it: nft -f THIS-FILE (again, too: it takes the place of what it was). Take it away: nft delete table ${TABLE}
table ${TABLE}
delete table ${TABLE}
table ${TABLE} {
  # Who always comes in: no daemon is needed for that.
  set always4 { type ipv4_addr; flags interval; auto-merge;${elements(plan.alwaysAllow, true)} }
  set always6 { type ipv6_addr; flags interval; auto-merge;${elements(plan.alwaysAllow, false)} }
  # Whom Knocktail has let in, until when.
  set open4 { type ipv4_addr; flags timeout; }
  set open6 { type ipv6_addr; flags timeout; }
  # Whose knocks were logged lately.
  set seen4 { type ipv4_addr; flags dynamic, timeout; size 65536; timeout 1m; }
  set seen6 { type ipv6_addr; flags dynamic, timeout; size 65536; timeout 1m; }

  # Before the chains of others, which still decide about all that is accepted here.
  chain input {
    type filter hook input priority filter - 5; policy accept;
    ct state established,related accept
    ip saddr @always4 accept
    ip6 saddr @always6 accept
    tcp dport { ${rangesText(knockPorts(plan.knock), '-', ', ')} } tcp flags syn / fin,syn,rst,ack jump knocks
    # Behind the log, so that the machine can knock at itself to see whether it is heard (canary).
    iif lo accept
    ${proto} dport ${port} ip saddr @open4 accept
    ${proto} dport ${port} ip6 saddr @open6 accept
    ${proto} dport ${port}${opening} drop
  }

  # Of an address that sends more than this nothing more is logged. Each has a share of its own, and where the sets are full
  # more is logged, not less: so a flood can neither fill the log nor hide the knocks of others.
  chain knocks {
    update @seen4 { ip saddr limit rate over ${PER_SECOND}/second burst ${BURST} packets } return
    update @seen6 { ip6 saddr limit rate over ${PER_SECOND}/second burst ${BURST} packets } return
    log prefix "${prefix}"
  }
}
`
}

function elements(networks: readonly Network[], ofIPv4: boolean): string {
  const own = networks.filter((network) => isIPv4(network) === ofIPv4)
  return own.length === 0 ? '' : ` elements = { ${own.map(({ text }) => text).join(', ')} };`
}
