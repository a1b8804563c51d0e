import { quoted } from '../printable.ts'
import type { Finding, SourceLook } from './finding.ts'
import { BY_GROUP } from './namespace.ts'
import type { World } from './world.ts'

/** Whether there is what a source is read by: the device, or a program. */
export const reading: SourceLook = ({ follow }, world) => {
  switch (follow.kind) {
    case 'kmsg': return kmsg(world)
    case 'journald': return world.tools.find('journalctl') ? [] : [{ severity: 'error', message: 'there is no journalctl on this machine', mend: 'follow = kmsg' }]
    case 'command': return command(follow.command, world)
    default: return []
  }
}

/** Of root only a container keeps it. */
function kmsg({ canOpen, isRoot }: World): Finding[] {
  if (canOpen('/dev/kmsg')) return []
  if (!isRoot) return [{ severity: 'note', message: '/dev/kmsg cannot be read by this user: the daemon opens it as root, or with CAP_SYSLOG', mend: 'run check as root' }]
  return [{ severity: 'error', message: '/dev/kmsg cannot be read, even by root: a container has none', mend: BY_GROUP }]
}

function command(line: string, { tools }: World): Finding[] {
  const [program = ''] = line.trim().split(/\s+/)
  // What a shell would have to read is not looked at.
  if (!/^[\w.+-]+$/.test(program) || tools.find(program) !== undefined) return []
  return [{ severity: 'error', message: `${quoted(program)} is not in one of the usual folders`, mend: 'install it, or write its whole path' }]
}
