import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { knock } from '../support/door.ts'
import { eventually } from '../support/eventually.ts'
import { useLiveDoor } from '../support/live-door.ts'
import { systemTest } from '../support/system.ts'

/** What still holds while the daemon hangs, the disk is full, and the firewall does not do as it is told. */

systemTest(['ip', 'nft', 'nc', 'cat', 'iptables', 'mount'])('amid failures', () => {
  const { folder, netns, start } = useLiveDoor('f')

  it('closes what does not end by itself also while it is stuck', async () => {
    const daemon = await start({ openFor: '2s', rule: 'firewall = iptables' })
    await knock(netns)
    await daemon.until('opened')
    daemon.signal('SIGSTOP')
    await eventually(async () => expect(await netns.serve(['iptables', '-S', 'KNOCKTAIL'])).not.toContain('-A KNOCKTAIL'))
    daemon.signal('SIGCONT')
    await daemon.until('closed')
  })

  it('on a full disk still opens and closes', async () => {
    const disk = join(folder.path, 'disk')
    mkdirSync(disk)
    // Outside of `ip netns exec`, whose mounts nobody else sees.
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk])
    try {
      const daemon = await start({ openFor: '1s' }, { args: ['--state-dir', disk] })
      writeFull(join(disk, 'filler'))
      await knock(netns)
      await daemon.until('opened')
      await daemon.until('closed')
      expect(daemon.named('ledger-refused')).toEqual([])
    } finally {
      execFileSync('umount', ['-l', disk])
    }
  })

  it('goes on when the firewall hangs, and when it fails half the time', async () => {
    const nft = join(folder.path, 'nft-slow')
    const state = join(folder.path, 'nft-state')
    writeFileSync(state, '0')
    // Half of its runs fail; the long-lived one dies after each command.
    writeFileSync(nft, `#!/bin/sh\nn=$(cat ${state}); echo $((n+1)) > ${state}\n[ $((n % 2)) = 0 ] && exit 1\nexec /usr/sbin/nft "$@"\n`, { mode: 0o755 })
    const daemon = await start({ openFor: '2s', firewall: `set4 = inet filter knock4\nprogram = ${nft}` })
    await knock(netns)
    await daemon.until('opened', 1, 20_000)
    await daemon.until('closed', 1, 20_000)
    expect(await netns.canConnect(22)).toBe(false)
    expect(Number(readFileSync(state, 'utf8'))).toBeGreaterThan(2)
  }, 60_000)
})

function writeFull(path: string): void {
  try {
    for (let size = 65_536; ; ) writeFileSync(path, Buffer.alloc(size), { flag: 'a' })
  } catch {
    // It is full.
  }
}
