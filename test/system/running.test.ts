import { execFileSync } from 'node:child_process'
import { chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, expect, it } from 'vitest'
import { findGroup } from '../../src/groups.ts'
import { doorConfig, knock, KNOCKS, loadRules, ruleset, useNamespaceLog } from '../support/door.ts'
import { eventually } from '../support/eventually.ts'
import { LiveDaemon } from '../support/live.ts'
import { addressOf, useNetns } from '../support/netns.ts'
import { BIN, useFolder } from '../support/run.ts'
import { systemTest } from '../support/system.ts'

/** The daemon from day to day: reload, flush by others, restart, signals, two instances, clocks, disks and firewalls that fail. */

const CLIENT = addressOf('client', 4)

systemTest(['ip', 'nft', 'nc', 'cat', 'mount', 'faketime'])('the daemon', () => {
  useNamespaceLog()
  const netns = useNetns()
  const folder = useFolder()
  const prefix = `kt${process.pid}r: `
  let daemon: LiveDaemon

  beforeAll(async () => {
    await loadRules(netns, prefix)
    await netns.listen(22)
    await netns.addClient('192.0.2.11')
  })
  afterEach(async () => {
    await daemon.stop()
    await loadRules(netns, prefix)
  })

  async function start(config: Partial<Parameters<typeof doorConfig>[0]> = {}, options: { args?: string[]; env?: Record<string, string>; wrap?: string[] } = {}): Promise<void> {
    daemon = new LiveDaemon(netns, { folder: folder.path, config: doorConfig({ prefix, ...config }), ...options })
    await daemon.until('source-running')
  }

  /** Others must not read it: only root and the group of the daemon's user, which is games here. */
  function writeList(path: string, text: string): void {
    writeFileSync(path, text, { mode: 0o640 })
    chownSync(path, 0, findGroup('games')!.gid)
  }

  const elements = async (): Promise<string> => (await netns.inServer(['nft', 'list', 'set', 'inet', 'filter', 'knock4'])).stdout

  it('puts a door back within a second after others flushed the rules, with the time that is left', async () => {
    await start({ openFor: '60s' })
    await knock(netns)
    await daemon.until('opened')
    await new Promise((resolve) => setTimeout(resolve, 2500))
    const before = Date.now()
    await netns.serve(['nft', '-f', '-'], `flush ruleset\n${ruleset(prefix)}`)
    await daemon.until('vanished')
    await daemon.until('opened', 2)
    expect(Date.now() - before).toBeLessThan(1500)
    expect(await netns.canConnect(22)).toBe(true)
    const [, left] = /timeout (\d+)s/.exec(await elements()) ?? []
    expect(Number(left)).toBeLessThanOrEqual(58)
  })

  it('puts its chain and its rule back after another tool restored rules without them', async () => {
    await start({ openFor: '60s', rule: 'firewall = iptables' })
    await knock(netns)
    await daemon.until('opened')
    await netns.serve(['iptables-restore'], '*filter\n:INPUT ACCEPT\nCOMMIT\n')
    await daemon.until('vanished')
    await daemon.until('opened', 2)
    const rules = await netns.serve(['iptables', '-S'])
    expect(rules).toContain(`-A KNOCKTAIL -s ${CLIENT}/32 -p tcp -m tcp --dport 22`)
    expect(rules).toContain('-A INPUT -j KNOCKTAIL')
    await netns.serve(['iptables', '-F'])
  })

  it('tells whom of always_allow no rule of the firewall lets in, and opens nothing for him', async () => {
    await start({ global: `always_allow = ${CLIENT}, 203.0.113.0/24` })
    await daemon.untilTrue(() => daemon.named('finding').length >= 2, 'both findings')
    expect(daemon.named('finding').map(({ text }) => text).join()).toContain('always_allow 203.0.113.0/24 stands in no rule of nftables')
    await knock(netns)
    await daemon.until('allowed')
    expect(await elements()).not.toContain(CLIENT)
  })

  it('leaves an entry of the administrator\'s alone, before and after', async () => {
    await netns.serve(['nft', 'add', 'element', 'inet', 'filter', 'knock4', `{ ${CLIENT} }`])
    await start({ openFor: '1s' })
    await knock(netns)
    await daemon.until('foreign')
    await daemon.until('close')
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(await elements()).toContain(CLIENT)
    expect(await elements()).not.toContain('timeout 1s')
  })

  it('opens its own door when the administrator\'s entry that stood there has gone', async () => {
    await netns.serve(['nft', 'add', 'element', 'inet', 'filter', 'knock4', `{ ${CLIENT} timeout 2s }`])
    await start({ openFor: '60s' })
    await knock(netns)
    await daemon.until('foreign')
    await eventually(async () => expect(await elements()).not.toContain(CLIENT))
    await knock(netns)
    await daemon.until('opened')
    expect(await netns.canConnect(22)).toBe(true)
  })

  it('closes a door of an address that a reload puts into never_open', async () => {
    await start({ openFor: '60s' })
    await knock(netns)
    await daemon.until('opened')
    daemon.configure(daemon.config.replace('firewall = nftables', `firewall = nftables\nnever_open = ${CLIENT}`))
    daemon.signal('SIGHUP')
    await daemon.until('closed')
    expect(await netns.canConnect(22)).toBe(false)
  })

  it('refuses a reload that changes a source which it could not open again', async () => {
    await start()
    daemon.configure(daemon.config.replace('follow = kmsg', 'follow = kmsg\ntimezone = UTC'))
    daemon.signal('SIGHUP')
    expect((await daemon.until('config-refused')).text).toContain('source kernel')
    await knock(netns)
    await daemon.until('opened')
  })

  it('closes what does not end by itself also while it is stuck', async () => {
    await start({ openFor: '2s', rule: 'firewall = iptables' })
    await knock(netns)
    await daemon.until('opened')
    daemon.signal('SIGSTOP')
    await eventually(async () => expect(await netns.serve(['iptables', '-S', 'KNOCKTAIL'])).not.toContain('-A KNOCKTAIL'))
    daemon.signal('SIGCONT')
    await daemon.until('closed')
  })

  it('goes on after a restart: a door stays open, a sequence begun before is completed after, and none opens twice', async () => {
    await start({ openFor: '60s' })
    await knock(netns)
    await daemon.until('opened')
    await knock(netns, '192.0.2.11', KNOCKS.slice(0, 2))
    await new Promise((resolve) => setTimeout(resolve, 1500))
    expect(await daemon.stop()).toBe(0)
    expect(await netns.canConnect(22)).toBe(true)
    daemon.restart()
    await daemon.until('source-running', 2)
    await knock(netns, '192.0.2.11', KNOCKS.slice(2))
    await daemon.untilTrue(() => daemon.named('open').some((record) => record['address'] === '192.0.2.11'), 'the second opens')
    expect(daemon.named('open').map((record) => record['address'])).toEqual([CLIENT, '192.0.2.11'])
    expect(daemon.named('extend')).toEqual([])
  })

  it.each(['SIGTERM', 'SIGKILL'] as const)('opens no one-time sequence again, nor one before it, after a restart by %s', async (signal) => {
    const list = join(folder.path, `list-${signal}`)
    writeList(list, [[7412, 31877], [31877, 52044, 7412], [52044, 7412, 31877], [7412, 52044, 31877]].map((ports) => `${ports.join()}\n`).join(''))
    await start({ openFor: '1s', global: 'user = games' })
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
    await start({ openFor: '1s', global: 'user = games' })
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
    await start({ openFor: '1s', global: 'user = games' })
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

  it('refuses a second instance', async () => {
    await start()
    const second = await netns.inServer([process.execPath, BIN, 'run', '-c', daemon.configPath, '--state-dir', daemon.stateDir])
    expect(second.code).toBe(1)
    expect(second.stderr).toContain('another knocktail is running')
  })

  it('keeps the old configuration when the new one is wrong or lacks what it had, and tells of a change', async () => {
    await start()
    const good = daemon.config
    daemon.configure(good.replace('ports = 22/tcp', 'ports = 22/tcpx'))
    await daemon.until('config-changed')
    daemon.signal('SIGHUP')
    expect((await daemon.until('config-refused')).text).toContain('22/tcpx')
    daemon.configure(good.slice(0, good.indexOf('[ssh]')))
    daemon.signal('SIGHUP')
    expect((await daemon.until('config-refused', 2)).text).toContain('no rule any more')
    await knock(netns)
    await daemon.until('opened')
  })

  it('keeps attempts and grants over a reload, and closes what a removed rule has opened', async () => {
    await start({ openFor: '60s' })
    const more = `${daemon.config}[other]\nsequence = 1111, 2222, 3333\nports = 22/tcp\n`
    await knock(netns)
    await daemon.until('opened')
    await knock(netns, '192.0.2.11', KNOCKS.slice(0, 2))
    daemon.configure(more)
    daemon.signal('SIGHUP')
    await daemon.until('config-loaded')
    await knock(netns, '192.0.2.11', KNOCKS.slice(2))
    await daemon.until('opened', 2)
    expect(await netns.canConnect(22)).toBe(true)
    daemon.configure(more.replace('[ssh]', '[renamed]'))
    daemon.signal('SIGHUP')
    await daemon.until('closed', 2)
    expect(await netns.canConnect(22)).toBe(false)
  })

  it('closes all doors when it is stopped, if on_exit says so, and prints counters when asked', async () => {
    await start({ openFor: '60s', global: 'on_exit = close' })
    await knock(netns)
    await daemon.until('opened')
    daemon.signal('SIGUSR1')
    await daemon.untilTrue(() => daemon.named('counters').some((record) => record['opens'] === 1), 'the rule\'s counters')
    expect(await daemon.stop()).toBe(0)
    expect(daemon.named('closed').length).toBe(1)
    expect(await netns.canConnect(22)).toBe(false)
  })

  it.each([['mode = observe', [] as string[]], ['', ['--dry-run']]])('with %j %j decides and opens nothing', async (global, args) => {
    await start({ global }, { args })
    await knock(netns)
    await daemon.until('observed')
    expect(await netns.canConnect(22)).toBe(false)
    expect(await elements()).not.toContain(CLIENT)
  })

  it('closes with the first connection, or with the end of the last one', async () => {
    await start({ openFor: '30s', rule: 'close_when = connected' })
    await knock(netns)
    await daemon.until('opened')
    const session = netns.start('client', ['nc', addressOf('server', 4), '22'])
    await daemon.until('closed')
    expect(await netns.canConnect(22)).toBe(false)
    session.kill()
    daemon.configure(daemon.config.replace('close_when = connected', 'close_when = disconnected'))
    daemon.signal('SIGHUP')
    await daemon.until('config-loaded')
    await knock(netns)
    await daemon.until('opened', 2)
    await new Promise((resolve) => setTimeout(resolve, 1200))
    const other = netns.start('client', ['nc', addressOf('server', 4), '22'])
    await new Promise((resolve) => setTimeout(resolve, 2500))
    expect(daemon.named('closed').length).toBe(1)
    other.kill()
    await daemon.until('closed', 2)
  })

  it('at the cap on grants closes the door of who is not connected, and refuses where all are', async () => {
    await start({ openFor: '60s', rule: 'max_grants = 1' })
    await knock(netns)
    await daemon.until('opened')
    await knock(netns, '192.0.2.11')
    expect(await daemon.until('close')).toMatchObject({ address: CLIENT, roomFor: '192.0.2.11' })
    await daemon.until('opened', 2)
    const session = netns.start('client', ['nc', '-s', '192.0.2.11', addressOf('server', 4), '22'])
    await new Promise((resolve) => session.stdout!.once('data', resolve))
    // Connections are looked at every second.
    await new Promise((resolve) => setTimeout(resolve, 2100))
    await knock(netns)
    expect(await daemon.until('capped')).toMatchObject({ rule: 'ssh', address: CLIENT, cap: 'max_grants', limit: 1 })
    expect(await elements()).toContain('192.0.2.11')
    session.kill()
  })

  it('does not listen to who fails too often, and says so once', async () => {
    await start({ rule: 'max_failures = 2\nreorder = 0' })
    const [first, , last] = KNOCKS
    await knock(netns, CLIENT, [first, last, first, last, ...KNOCKS])
    expect(await daemon.until('lockout')).toMatchObject({ level: 40, rule: 'ssh', address: CLIENT, network: CLIENT })
    await knock(netns, '192.0.2.11')
    await daemon.until('open')
    daemon.signal('SIGUSR1')
    await daemon.untilTrue(() => daemon.named('counters').some((record) => record['deaf'] === 1), 'who is not listened to')
    expect(daemon.records.filter(({ event }) => ['lockout', 'open'].includes(event)).map(({ address }) => address)).toEqual([CLIENT, '192.0.2.11'])
  })

  it('ends the connections that stand when it closes, if it is told to', async () => {
    await start({ openFor: '3s', rule: 'kill_on_close = yes' })
    await knock(netns)
    await daemon.until('opened')
    const session = netns.start('client', ['nc', addressOf('server', 4), '22'])
    const ended = new Promise((resolve) => session.once('exit', resolve))
    await daemon.until('closed')
    await ended
    expect(daemon.named('firewall-failed')).toEqual([])
  })

  it.each([-3600, 3600])('with the wall clock stepped by %i s closes in time', async (step) => {
    const clock = join(folder.path, `clock${step}`)
    writeFileSync(clock, '+0')
    const library = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1'
    await start({ openFor: '4s' }, {
      env: { LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: clock, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1' },
    })
    await knock(netns)
    await daemon.until('opened')
    const opened = performance.now()
    writeFileSync(clock, `${step > 0 ? '+' : ''}${step}`)
    await daemon.until('clock-stepped')
    await daemon.until('closed')
    expect(performance.now() - opened).toBeLessThan(6000)
    expect(await netns.canConnect(22)).toBe(false)
    // And it opens again, by the new time.
    await knock(netns)
    await daemon.until('opened', 2)
    await daemon.until('closed', 2)
  })

  it('on a full disk still opens and closes', async () => {
    const disk = join(folder.path, 'disk')
    mkdirSync(disk)
    // Outside of `ip netns exec`, whose mounts nobody else sees.
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk])
    try {
      daemon = new LiveDaemon(netns, { folder: folder.path, config: doorConfig({ prefix, openFor: '1s' }), args: ['--state-dir', disk] })
      await daemon.until('source-running')
      writeFull(join(disk, 'filler'))
      await knock(netns)
      await daemon.until('opened')
      await daemon.until('closed')
      expect(daemon.named('ledger-refused')).toEqual([])
    } finally {
      await daemon.stop()
      execFileSync('umount', ['-l', disk])
    }
  })

  it('goes on when the firewall hangs, and when it fails half the time', async () => {
    const nft = join(folder.path, 'nft-slow')
    const state = join(folder.path, 'nft-state')
    writeFileSync(state, '0')
    // Half of its runs fail; the long-lived one dies after each command.
    writeFileSync(nft, `#!/bin/sh\nn=$(cat ${state}); echo $((n+1)) > ${state}\n[ $((n % 2)) = 0 ] && exit 1\nexec /usr/sbin/nft "$@"\n`, { mode: 0o755 })
    await start({ openFor: '3s', firewall: `set4 = inet filter knock4\nprogram = ${nft}` })
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
