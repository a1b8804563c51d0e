import type { Config } from '../config/config.ts'
import { checkAllows } from '../firewalls/allow-check.ts'
import { labelOf } from '../firewalls/label.ts'
import { openFirewall } from '../firewalls/open.ts'
import { plannedTargets } from '../firewalls/targets.ts'
import type { MachineFinding } from './finding.ts'
import type { World } from './world.ts'

/** Whether each firewall has what the rules fill, as the helper looks at it; `mayLook`: whether this process has the right to. */
export async function lookAtFirewalls(config: Config, { tools }: World, mayLook: (firewall: string) => boolean): Promise<MachineFinding[]> {
  const planned = [...plannedTargets(config).values()]
  const names = [...new Set(planned.map(({ target }) => target.firewall))]
  const hidden = names.filter((name) => !mayLook(name)).map((name): MachineFinding => ({ severity: 'note', about: `firewall ${name}`, message: 'it could not be looked at by this user', mend: 'run check as root' }))
  const found: MachineFinding[] = []
  // One after the other: ufw and iptables take locks.
  for (const { target, rules } of planned.filter((one) => mayLook(one.target.firewall))) {
    const findings = await (await openFirewall(target, labelOf(rules), tools)).check()
    found.push(...findings.map((finding) => ({ ...finding, about: `firewall ${target.firewall}` })))
  }
  for (const name of names.filter(mayLook)) found.push(...(await checkAllows(name, config.alwaysAllow, tools)).map((finding) => ({ ...finding, about: `firewall ${name}` })))
  return [...hidden, ...new Map(found.map((finding) => [`${finding.about} ${finding.message}`, finding])).values()]
}
