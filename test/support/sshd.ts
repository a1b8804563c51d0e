import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { eventually } from './eventually.ts'
import type { Netns } from './netns.ts'

/** A real sshd in the server's namespace, with keys made for it alone, into which root may log in. */
export interface Sshd {
  /** ssh's options that know the server and its client. */
  readonly options: readonly string[]
}

export async function startSshd(netns: Netns, folder: string, host: string): Promise<Sshd> {
  const path = (name: string): string => join(folder, name)
  for (const name of ['host-key', 'user-key']) await netns.serve(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', path(name)])
  writeFileSync(path('known-hosts'), `${host} ${readFileSync(path('host-key.pub'), 'utf8')}`)
  writeFileSync(path('sshd.conf'), `Port 22
HostKey ${path('host-key')}
AuthorizedKeysFile ${path('user-key.pub')}
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PidFile none
`)
  // Where sshd puts its unprivileged half; Debian's service makes it.
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  netns.start('server', ['/usr/sbin/sshd', '-D', '-e', '-f', path('sshd.conf')])
  await eventually(async () => expect(await netns.serve(['ss', '-Hltn', 'sport = :22'])).toContain(':22'))
  return { options: ['-F', 'none', '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=yes', '-o', `UserKnownHostsFile=${path('known-hosts')}`, '-o', `HostKeyAlias=${host}`, '-i', path('user-key'), '-l', 'root'] }
}
