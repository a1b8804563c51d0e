import { knockPorts, rangesText, type Plan } from '../plan.ts'
import type { DoorRules } from './door-rules.ts'

const SAVED = '/etc/pf.conf.before-knocktail'

/** Rules to be put into pf.conf by hand: where they go depends on what is there. */
export function pfRules(plan: Plan): DoorRules {
  return {
    files: [{ name: 'door.pf.conf', text: rulesText(plan) }],
    load: [
      `cp -p /etc/pf.conf ${SAVED}`,
      'ifconfig pflog1 create; ifconfig pflog1 up',
      `vi /etc/pf.conf   # put into it, above the first pass or block rule: include "${plan.place}/door.pf.conf"`,
      'pfctl -nf /etc/pf.conf && pfctl -f /etc/pf.conf',
    ],
    undo: [`test -f ${SAVED} && pfctl -f ${SAVED}`],
    keep: ['echo up > /etc/hostname.pflog1'],
    notes: ['Neither these rules nor the daemon were run on OpenBSD yet: keep a console at hand.'],
    settings: ['[firewall pf]', 'table = knocktail', '# What becomes of addresses that are in the table at the first start: keep or delete.', 'adopt = keep'],
  }
}

function rulesText({ port: { port, proto }, knock, alwaysAllow }: Plan): string {
  const flags = proto === 'tcp' ? ' flags S/SA' : ''
  const allowed = alwaysAllow.map(({ text }) => text).join(', ')
  return `# A door for ${port}/${proto}, shut but for the addresses in a table that Knocktail fills, and knocks that are logged.
# pf asks its rules only for what opens a connection: those that stand go on. It cannot limit a log by source address, so
# knocks have a pflog interface of their own: what floods pflog0 hides none of them.
table <knocktail> persist
${allowed === '' ? '' : `# Who always comes in: no daemon is needed for that.
table <knocktail_always> const { ${allowed} }
pass in quick proto ${proto} from <knocktail_always> to (self) port ${port}
`}pass in quick proto ${proto} from <knocktail> to (self) port ${port}
block in log (to pflog1) quick proto tcp to (self) port { ${rangesText(knockPorts(knock), ':', ' ')} } flags S/SAFR
block in quick proto ${proto} to (self) port ${port}${flags}
`
}
