import type { Config } from '../config/config.ts'
import type { MachineFinding, SourceLook } from './finding.ts'
import { lookAtFirewalls } from './firewalls.ts'
import { linesOfTheKind } from './lines-of-the-kind.ts'
import { logDaemons } from './log-daemons.ts'
import { logRule } from './log-rule.ts'
import { networkNamespace } from './namespace.ts'
import { reading } from './reading.ts'
import type { World } from './world.ts'
import { zone } from './zone.ts'

const SOURCE_LOOKS: readonly SourceLook[] = [reading, linesOfTheKind, networkNamespace, logRule, logDaemons, zone]

/** What of this machine keeps that configuration from working as it was meant. Changes nothing. */
export async function checkMachine(config: Config, world: World, mayLook: (firewall: string) => boolean): Promise<MachineFinding[]> {
  const found: MachineFinding[] = []
  for (const source of config.sources) {
    for (const look of SOURCE_LOOKS) found.push(...(await look(source, world)).map((finding) => ({ ...finding, about: `source ${source.name}` })))
  }
  return [...found, ...await lookAtFirewalls(config, world, mayLook)]
}
