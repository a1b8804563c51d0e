import { accessSync, closeSync, constants, openSync, readFileSync } from 'node:fs'
import type { Config, Follow } from './config/config.ts'
import type { FirewallName } from './config/firewalls.ts'
import { plannedTargets } from './firewalls/targets.ts'
import { findGroup } from './groups.ts'

/** A right that a source or a firewall needs, and whether this process has it. */
export interface NeededRight {
  readonly what: string
  readonly right: string
  readonly isThere: boolean
}

/** CAP_NET_ADMIN of capabilities(7), as the bit of its number. */
const NET_ADMIN = 1n << 12n

/** What each firewall's programs ask for. Without a key: nothing. */
const FIREWALL_RIGHTS: Readonly<Partial<Record<FirewallName, 'CAP_NET_ADMIN' | 'root'>>> = {
  nftables: 'CAP_NET_ADMIN', iptables: 'CAP_NET_ADMIN', ipset: 'CAP_NET_ADMIN',
  ufw: 'root', firewalld: 'root', 'hosts.allow': 'root', pf: 'root',
}

/** Which rights a configuration needs on this machine. A helper of its own (doas, say) brings those of the firewalls. */
export function neededRights(config: Config): NeededRight[] {
  const firewalls = new Set([...plannedTargets(config).values()].map(({ target }) => target.firewall))
  return [
    ...config.sources.map(({ name, follow }) => ({ what: `source ${name}`, ...sourceRight(follow) })),
    ...[...firewalls].flatMap((firewall): NeededRight[] => {
      const right = FIREWALL_RIGHTS[firewall]
      if (right === undefined) return []
      return [{ what: `firewall ${firewall}`, right: config.helper ? `${right}, by the helper` : right, isThere: config.helper !== undefined || has(right) }]
    }),
  ]
}

function sourceRight(follow: Follow): Omit<NeededRight, 'what'> {
  switch (follow.kind) {
    case 'kmsg': return { right: 'CAP_SYSLOG or root, where kernel.dmesg_restrict is 1', isThere: canOpenKmsg() }
    case 'journald': return { right: 'root, or the group systemd-journal', isThere: isRoot() || isIn('systemd-journal') }
    case 'file': return { right: 'the right to read its file', isThere: canRead(follow.path) }
    case 'command': return { right: 'what its command needs', isThere: true }
    case 'stdin': return { right: 'an input', isThere: true }
  }
}

function has(right: 'CAP_NET_ADMIN' | 'root'): boolean {
  return isRoot() || (right === 'CAP_NET_ADMIN' && (effectiveCapabilities() & NET_ADMIN) !== 0n)
}

function isRoot(): boolean {
  return process.geteuid?.() === 0
}

function effectiveCapabilities(): bigint {
  try {
    const [, hex = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? []
    return BigInt(`0x${hex}`)
  } catch {
    return 0n
  }
}

function isIn(name: string): boolean {
  const group = findGroup(name)
  return group !== undefined && process.getgroups!().includes(group.gid)
}

/** The kernel asks at open, not by the file's mode. */
function canOpenKmsg(): boolean {
  try {
    closeSync(openSync('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK))
    return true
  } catch {
    return false
  }
}

function canRead(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}
