import { portText, type Plan } from '../plan.ts'
import type { DoorRules, SetupFile } from './door-rules.ts'
import { logRules } from './iptables.ts'

const [BEGIN, END] = ['# BEGIN knocktail', '# END knocktail']

/** The chain that logs. */
const OWN = 'knocktail-log'

const FILES = [{ rules: 'before', chain: 'ufw-before-input' }, { rules: 'before6', chain: 'ufw6-before-input' }] as const

/**
 * The log in before.rules, since `ufw allow log` would log under ufw's own prefix and no more than 3 a minute; above what ufw accepts
 * there, since the machine must be able to knock at itself (canary), and connections that stand send no SYN. The door by ufw's own commands.
 */
export function ufwRules(plan: Plan): DoorRules {
  const what = portText(plan.port)
  return {
    files: [
      ...FILES.map(({ rules, chain }): SetupFile => ({ name: `${rules}.rules`, text: `${BEGIN}\n:${OWN} - [0:0]\n${logRules(plan, `-I ${chain} 1`, OWN)}\n${END}\n` })),
      { name: 'load.sh', text: loadText(plan) },
    ],
    load: [`sh ${plan.place}/load.sh`],
    undo: [
      ...FILES.map(({ rules }) => `sed -i '/^${BEGIN}$/,/^${END}$/d' /etc/ufw/${rules}.rules`),
      `ufw delete deny ${what} || true`,
      `ufw allow ${what}`,
      'ufw reload',
      ...['iptables', 'ip6tables'].map((program) => `${program} -w 5 -F ${OWN} && ${program} -w 5 -X ${OWN}`),
    ],
    keep: [],
    notes: [`ufw is told to deny ${what}; if a rule of yours allows exactly that for everybody, it goes. undo.sh allows it again.`],
    settings: [],
  }
}

function loadText({ place, port, alwaysAllow }: Plan): string {
  const allows = alwaysAllow.map(({ text }) => `ufw prepend allow from ${text} to any port ${port.port} proto ${port.proto} comment 'always allowed'\n`)
  return `#!/bin/sh
# Puts the knock log into ufw's before.rules and before6.rules, above the COMMIT of their filter table, and shuts the door.
# It may be run again. undo.sh takes it back.
set -e
for name in before before6; do
  old=/etc/ufw/$name.rules new=/etc/ufw/$name.rules.knocktail-new
  cp -p $old $new
  sed '/^${BEGIN}$/,/^${END}$/d' $old |
    awk -v add=${place}/$name.rules '/^\\*/ { table = $1 } $1 == "COMMIT" && table == "*filter" { while ((getline line < add) > 0) print line } { print }' > $new
  # On a full disk ufw's own rules would be cut.
  test "$(grep -c '^COMMIT' $new)" = "$(grep -c '^COMMIT' $old)"
  mv $new $old
done
ufw reload
# Of a rule that is there, ufw would not change what it does.
ufw delete allow ${portText(port)} || true
ufw delete limit ${portText(port)} || true
ufw prepend deny ${portText(port)} comment 'the door of knocktail'
${allows.join('')}`
}
