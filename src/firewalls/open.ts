import type { FirewallName } from '../config/firewalls.ts'
import { openCommand } from './command.ts'
import { openFirewalld } from './firewalld.ts'
import { openHostsAllow } from './hosts-allow.ts'
import { openIpset } from './ipset.ts'
import { openIptables } from './iptables.ts'
import { openNftables } from './nftables.ts'
import { openNull } from './null.ts'
import { openPf } from './pf.ts'
import type { Opener } from './tools.ts'
import { openUfw } from './ufw.ts'

const OPENERS: Readonly<Record<FirewallName, Opener>> = {
  nftables: openNftables,
  pf: openPf,
  ufw: openUfw,
  iptables: openIptables,
  ipset: openIpset,
  firewalld: openFirewalld,
  'hosts.allow': openHostsAllow,
  command: openCommand,
  null: openNull,
}

export const openFirewall: Opener = (target, label, tools) => OPENERS[target.firewall](target, label, tools)
