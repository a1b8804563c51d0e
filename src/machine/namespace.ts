import type { SourceLook } from './finding.ts'

/** A group's packets belong to the namespace that logs them. */
export const BY_GROUP = 'let the rule log to a group (log group 5 queue-threshold 1), and follow = command:tcpdump -n -l -tt --immediate-mode -i nflog:5 with parser = tcpdump'

const FOLDER = '/proc/sys/net/netfilter'

/** Only the machine's own network namespace shows this; in any other, packets come into the kernel's log only if it is 1 there. */
export const networkNamespace: SourceLook = ({ follow }, world) => {
  if (follow.kind !== 'kmsg' && follow.kind !== 'journald') return []
  if (world.list(FOLDER).length === 0 || world.read(`${FOLDER}/nf_log_all_netns`) !== undefined) return []
  return [{
    severity: 'warning',
    message: 'this is a network namespace of its own (a container): what its firewall logs is in the kernel\'s log only while nf_log_all_netns is 1 on the machine, and then any local user can forge it',
    mend: BY_GROUP,
  }]
}
