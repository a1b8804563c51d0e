import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { secretName } from './config-text.ts'
import type { Plan } from './plan.ts'

/** Where the shipped units look for it. */
const UNITS_PLACE = '/etc/knocktail'

/** How the service manager is told to start the daemon: commands for root, and what no command can do. */
export interface Service {
  readonly commands: readonly string[]
  readonly notes: readonly string[]
}

/** What of a plan the service manager's part depends on. */
type Served = Pick<Plan, 'firewall' | 'follow' | 'knock' | 'user' | 'place'>

/** The folder packaging/ of this installation. */
export function packagingFolder(): string {
  return join(dirname(createRequire(import.meta.url).resolve('knocktail/package.json')), 'packaging')
}

export function serviceOf(plan: Served, hasSystemd: boolean, packaging = packagingFolder()): Service {
  if (plan.firewall === 'pf') return openbsdService(plan, packaging)
  const run = `knocktail run -c ${plan.place}/knocktail.conf`
  if (!hasSystemd) return { commands: [], notes: [`Let your service manager start "${run}" as root, and again whenever it ends.`] }
  if (plan.firewall === 'ufw') return { commands: [], notes: [`ufw needs more of root than the units of ${packaging} give: let a unit of your own start "${run}" as root, with Restart=always.`] }
  if (plan.place !== UNITS_PLACE) return { commands: [], notes: [`The units of ${packaging}/systemd expect the files in ${UNITS_PLACE}: put ${plan.place} in its place there.`] }
  return systemdService(plan, packaging)
}

function systemdService({ knock, user, follow, place }: Served, packaging: string): Service {
  const dropIn = follow === 'journald' ? 'journald.conf' : follow.startsWith('file:') ? 'syslog-file.conf' : undefined
  return {
    commands: [
      `install -D -m 0644 ${packaging}/sysusers.d/knocktail.conf /etc/sysusers.d/knocktail.conf && systemd-sysusers`,
      `install -D -m 0644 ${packaging}/tmpfiles.d/knocktail.conf /etc/tmpfiles.d/knocktail.conf && systemd-tmpfiles --create`,
      ...(knock.kind === 'static' ? [] : [`chgrp knocktail ${place}/${secretName(user)} && chmod 640 ${place}/${secretName(user)}`]),
      `install -m 0644 ${packaging}/systemd/*.service ${packaging}/systemd/*.socket /etc/systemd/system/`,
      ...(dropIn === undefined ? [] : [`install -D -m 0644 ${packaging}/systemd/drop-ins/${dropIn} /etc/systemd/system/knocktail.service.d/${dropIn}`]),
      'systemctl daemon-reload && systemctl enable --now knocktail-helper.socket knocktail-sweep.service knocktail.service',
    ],
    notes: ['End the daemon of before with Ctrl-C first. The units start /usr/local/bin/knocktail: `command -v knocktail` tells whether yours is there.'],
  }
}

/** pf ends no entry by itself: cron does it when nothing of Knocktail lives any more. */
function openbsdService({ place }: Served, packaging: string): Service {
  return {
    commands: [
      `install -m 0555 ${packaging}/openbsd/knocktail.rc /etc/rc.d/knocktail`,
      `rcctl enable knocktail && rcctl set knocktail flags run -c ${place}/knocktail.conf && rcctl start knocktail`,
      `(crontab -l; cat ${packaging}/openbsd/crontab) | crontab -`,
    ],
    notes: [],
  }
}
