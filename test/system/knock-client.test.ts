import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, expect, it } from 'vitest'
import type { Ran } from '../../src/firewalls/run.ts'
import { doorConfig, KNOCKS, loadRules, useNamespaceLog } from '../support/door.ts'
import { LiveDaemon } from '../support/live.ts'
import { addressOf, useNetns, type Family } from '../support/netns.ts'
import { BIN, jsonLines, useFolder } from '../support/run.ts'
import { startSshd, type Sshd } from '../support/sshd.ts'
import { systemTest } from '../support/system.ts'

/** The client against the real daemon: packets through the kernel's log, doors in nftables, sshd behind them. */

const SEQUENCE = ['31877', '7412:udp', '52044']

systemTest(['ip', 'nft', 'cat', 'ss', 'ssh', 'sshd', 'ssh-keygen'])('the client, kmsg and nftables', () => {
  useNamespaceLog()
  const netns = useNetns()
  const folder = useFolder()
  const prefix = `kt${process.pid}c: `
  const knocktail = [process.execPath, BIN]
  let running: LiveDaemon | undefined
  let sshd: Sshd

  beforeAll(async () => {
    mkdirSync(join(folder.path, 'knocktail'))
    writeFileSync(join(folder.path, 'knocktail', 'profiles.conf'), `[home]\nsequence = ${SEQUENCE.join(', ')}\n`, { mode: 0o600 })
    sshd = await startSshd(netns, folder.path, 'gate')
  })

  afterEach(() => running?.stop())

  async function start(): Promise<LiveDaemon> {
    await loadRules(netns, prefix)
    const daemon = new LiveDaemon(netns, { folder: folder.path, config: doorConfig({ prefix }).replace(KNOCKS.join(', '), SEQUENCE.join(', ')) })
    running = daemon
    await daemon.until('source-running')
    await daemon.until('started')
    return daemon
  }

  function inClient(...argv: readonly string[]): Promise<Ran> {
    return netns.inClient(['env', `XDG_CONFIG_HOME=${folder.path}`, ...argv])
  }

  it.each<Family>([4, 6])('opens by IPv%s for TCP and UDP knocks, the first to a neighbour that is not known yet', async (family) => {
    const daemon = await start()
    expect(await netns.canConnect(22, family)).toBe(false)
    await netns.inClient(['ip', 'neigh', 'flush', 'dev', 'veth0'])
    const server = addressOf('server', family)
    const { code, stdout, stderr } = await inClient(...knocktail, 'knock', server, ...SEQUENCE, '--wait-port', '22', '--json')
    expect([code, stderr]).toEqual([0, ''])
    expect(jsonLines(stdout)).toMatchObject([{ event: 'knocked', address: server, source: addressOf('client', family), knocks: 3 }, { event: 'answered', port: 22 }])
    expect(daemon.named('opened').map(({ address }) => address)).toEqual([addressOf('client', family)])
  })

  it('sends each SYN once, also where nothing answers it', async () => {
    await netns.serve(['nft', '-f', '-'], 'flush ruleset\ntable ip count { chain in { type filter hook input priority 0; tcp dport 9 counter drop; }; }')
    // A SYN that nobody answers is sent again after a second.
    expect((await inClient(...knocktail, 'knock', addressOf('server', 4), '9', '9', '--wait', '0', '--then', 'sleep', '1.5')).code).toBe(0)
    expect(await netns.serve(['nft', 'list', 'ruleset'])).toMatch(/tcp dport 9 counter packets 2 /)
  })

  it('knocks once more if a packet was lost', async () => {
    await start()
    await netns.serve(['nft', 'table ip lossy { chain in { type filter hook prerouting priority -300; udp dport 7412 numgen inc mod 2 0 drop; }; }'])
    const { code, stderr } = await inClient(...knocktail, 'knock', addressOf('server', 4), 'home', '--wait-port', '22', '--wait', '1s')
    expect([code, stderr.match(/^(?:knocked|port \d+ (?:does not )?answers?)/gm)]).toEqual([0, ['knocked', 'port 22 does not answer', 'knocked', 'port 22 answers']])
  })

  it('--then runs a real ssh, and answers its exit code', async () => {
    await start()
    const { code, stdout, stderr } = await inClient(...knocktail, 'knock', addressOf('server', 4), 'home', '--then', 'ssh', ...sshd.options, addressOf('server', 4), 'echo "$SSH_CONNECTION"; exit 5')
    expect([code, stderr.match(/^(?:knocked|port 22 answers)/gm)]).toEqual([5, ['knocked', 'port 22 answers']])
    expect(stdout).toMatch(/^192\.0\.2\.2 \d+ 192\.0\.2\.1 22\n$/)
  })

  it('is the ProxyCommand of a real ssh, which hears nothing of it', async () => {
    const daemon = await start()
    const proxy = `ProxyCommand=${knocktail.join(' ')} knock %h home --proxy %p`
    const { code, stdout, stderr } = await inClient('ssh', ...sshd.options, '-o', proxy, addressOf('server', 6), 'head -c 300000 /dev/zero | wc -c; exit 6')
    expect([code, stdout, stderr]).toEqual([6, '300000\n', ''])
    expect(daemon.named('opened').map(({ address }) => address)).toEqual([addressOf('client', 6)])
  })
})
