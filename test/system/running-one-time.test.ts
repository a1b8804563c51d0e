import { execFileSync } from 'node:child_process'
import { chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { findGroup } from '../../src/groups.ts'
import { knock } from '../support/door.ts'
import { eventually } from '../support/eventually.ts'
import { useLiveDoor } from '../support/live-door.ts'
import { addressOf } from '../support/netns.ts'
import { systemTest } from '../support/system.ts'

/** Lists of one-time sequences, in the file, in the ledger, and where one of them is lost. */

const CLIENT = addressOf('client', 4)

systemTest(['ip', 'nft', 'nc', 'cat', 'mount', 'nsenter'])('a one-time list', () => {
  const { folder, netns, start } = useLiveDoor('l')

  /** Others must not read it: only root and the group of the daemon's user, which is games here. */
  function writeList(path: string, text: string): void {
    writeFileSync(path, text, { mode: 0o640 })
    chownSync(path, 0, findGroup('games')!.gid)
  }

  it.each(['SIGTERM', 'SIGKILL'] as const)('opens no one-time sequence again, nor one before it, after a restart by %s', async (signal) => {
    const list = join(folder.path, `list-${signal}`)
    writeList(list, [[7412, 31877], [31877, 52044, 7412], [52044, 7412, 31877], [7412, 52044, 31877]].map((ports) => `${ports.join()}\n`).join(''))
    const daemon = await start({ openFor: '1s', global: 'user = games' })
    daemon.configure(daemon.config.replace(/^sequence = .*$/m, `one_time_sequences = ${list}\nreorder = 0`).replace('[knocktail]', '[knocktail]\non_exit = close'))
    daemon.signal('SIGHUP')
    await daemon.until('config-loaded')
    await knock(netns, CLIENT, [31877, 52044, 7412])
    await daemon.until('closed')
    expect(daemon.named('one-time-low').map(({ left }) => left)).toEqual([2])
    expect(readFileSync(list, 'utf8')).toBe('#7412,31877\n#31877,52044,7412\n52044,7412,31877\n7412,52044,31877\n')
    expect(daemon.named('list-refused')).toEqual([])
    const ended = new Promise((resolve) => daemon.child.once('exit', resolve))
    daemon.signal(signal)
    await ended
    daemon.restart()
    await daemon.until('source-running', 2)
    await knock(netns, '192.0.2.11', [31877, 52044, 7412])
    await knock(netns, CLIENT, [7412, 31877])
    await knock(netns, CLIENT, [52044, 7412, 31877])
    await daemon.until('opened', 2)
    expect(daemon.named('open').map(({ address }) => address)).toEqual([CLIENT, CLIENT])
  })

  it('goes by the list that a lost ledger leaves, and crosses out in it what only the ledger knows', async () => {
    const list = join(folder.path, 'list-lost')
    const text = [[7412, 31877], [31877, 52044, 7412], [52044, 7412, 31877]].map((ports) => `${ports.join()}\n`).join('')
    writeList(list, text)
    const daemon = await start({ openFor: '1s', global: 'user = games' })
    daemon.configure(daemon.config.replace(/^sequence = .*$/m, `one_time_sequences = ${list}\nreorder = 0`))
    daemon.signal('SIGHUP')
    await daemon.until('config-loaded')
    await knock(netns, CLIENT, [7412, 31877])
    await daemon.until('closed')
    await daemon.stop()
    // Put back from a backup, say.
    writeList(list, text)
    daemon.restart()
    await daemon.until('source-running', 2)
    await eventually(() => expect(readFileSync(list, 'utf8')).toBe(`#${text}`))
    await daemon.stop()
    for (const slot of ['a', 'b']) rmSync(join(daemon.stateDir, `ledger.${slot}`))
    daemon.restart()
    await daemon.until('one-time-unknown')
    await daemon.until('source-running', 3)
    await knock(netns, CLIENT, [7412, 31877])
    await knock(netns, '192.0.2.11', [31877, 52044, 7412])
    await daemon.until('closed', 2)
    expect(daemon.named('open').map(({ address }) => address)).toEqual([CLIENT, '192.0.2.11'])
  })

  it('opens nothing for a sequence that was crossed out by hand, and opens all the same where the list cannot be written to', async () => {
    const list = join(folder.path, 'readonly', 'list')
    mkdirSync(join(folder.path, 'readonly'))
    writeList(list, '7412,31877\n31877,52044\n52044,7412\n')
    const daemon = await start({ openFor: '1s', global: 'user = games' })
    daemon.configure(daemon.config.replace(/^sequence = .*$/m, `one_time_sequences = ${list}\nreorder = 0`))
    daemon.signal('SIGHUP')
    await daemon.until('config-loaded')
    writeList(list, '#7412,31877\n31877,52044\n52044,7412\n')
    await knock(netns, CLIENT, [7412, 31877])
    expect((await daemon.until('refused')).text).toContain('somebody has crossed it out')
    // For the daemon and its helper alone: they see mounts of their own.
    const mount = (...args: readonly string[]): Buffer => execFileSync('nsenter', ['-t', String(daemon.pid), '-m', 'mount', ...args])
    mount('--bind', join(folder.path, 'readonly'), join(folder.path, 'readonly'))
    mount('-o', 'remount,bind,ro', join(folder.path, 'readonly'))
    await knock(netns, CLIENT, [31877, 52044])
    await daemon.until('closed')
    await knock(netns, CLIENT, [52044, 7412])
    await daemon.until('closed', 2)
    expect(daemon.named('list-refused').map(({ text }) => text)).toEqual([expect.stringMatching(/read-only file system/)])
  })
})
