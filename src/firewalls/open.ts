import type { FirewallName } from '../config/firewalls.ts'
import { KnocktailError } from '../error.ts'
import { openCommand } from './command.ts'
import { openNftables } from './nftables.ts'
import { openNull } from './null.ts'
import { openPf } from './pf.ts'
import type { Opener } from './tools.ts'

const OPENERS: Readonly<Partial<Record<FirewallName, Opener>>> = {
  nftables: openNftables,
  pf: openPf,
  command: openCommand,
  null: openNull,
}

export const openFirewall: Opener = (target, label, tools) => {
  const open = OPENERS[target.firewall]
  if (!open) throw new KnocktailError('failed', `firewall ${target.firewall} is not built in`)
  return open(target, label, tools)
}
