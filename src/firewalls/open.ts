import type { FirewallName } from '../config/firewalls.ts'
import { KnocktailError } from '../error.ts'
import type { Firewall } from './firewall.ts'
import { openNull } from './null.ts'
import type { Runner } from './run.ts'
import type { Target } from './target.ts'

/** How a firewall reaches the machine. */
export interface Tools {
  readonly run: Runner
  /** The absolute path of a program, if it is installed. */
  readonly find: (program: string) => string | undefined
}

/** `label` is the comment of the entries that are made. */
export type Opener = (target: Target, label: string, tools: Tools) => Firewall

const OPENERS: Readonly<Partial<Record<FirewallName, Opener>>> = {
  null: openNull,
}

export const openFirewall: Opener = (target, label, tools) => {
  const open = OPENERS[target.firewall]
  if (!open) throw new KnocktailError('failed', `firewall ${target.firewall} is not built in`)
  return open(target, label, tools)
}
