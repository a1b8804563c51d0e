import type { FirewallName } from '../config/firewalls.ts'
import type { Firewall } from './firewall.ts'
import type { Opener } from './tools.ts'

/** Each is loaded where it is used: a helper has one or two of them, and is in memory all the time. */
const OPENERS: Readonly<Record<FirewallName, () => Promise<Opener>>> = {
  nftables: async () => (await import('./nftables.ts')).openNftables,
  pf: async () => (await import('./pf.ts')).openPf,
  ufw: async () => (await import('./ufw.ts')).openUfw,
  iptables: async () => (await import('./iptables.ts')).openIptables,
  ipset: async () => (await import('./ipset.ts')).openIpset,
  firewalld: async () => (await import('./firewalld.ts')).openFirewalld,
  'hosts.allow': async () => (await import('./hosts-allow.ts')).openHostsAllow,
  command: async () => (await import('./command.ts')).openCommand,
  null: async () => (await import('./null.ts')).openNull,
}

export async function openFirewall(...[target, label, tools]: Parameters<Opener>): Promise<Firewall> {
  const open = await OPENERS[target.firewall]()
  return open(target, label, tools)
}
