import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, expect, it } from 'vitest'
import { doorConfig, knock, loadRules, useNamespaceLog } from '../support/door.ts'
import { eventually } from '../support/eventually.ts'
import { LiveDaemon } from '../support/live.ts'
import { isAlive, useNetns } from '../support/netns.ts'
import { BIN, run, useFolder } from '../support/run.ts'
import { systemTest } from '../support/system.ts'

/** Who holds which right, seen from outside, and what is left when one part dies. */

const NOBODY = 65_534

systemTest(['ip', 'nft', 'nc', 'cat', 'setpriv', 'pgrep', 'iptables'])('the rights of the daemon', () => {
  useNamespaceLog()
  const netns = useNetns()
  const folder = useFolder()
  const prefix = `kt${process.pid}p: `
  let daemon: LiveDaemon

  beforeAll(async () => {
    await loadRules(netns, prefix)
    await netns.listen(22)
  })
  afterEach(() => daemon.stop())

  async function start(config = doorConfig({ prefix, openFor: '60s' }), wrap: readonly string[] = []): Promise<void> {
    daemon = new LiveDaemon(netns, { folder: folder.path, config, wrap })
    await daemon.until('source-running')
  }

  const status = (pid: string | number, field: string): string => new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1]!
  const children = async (pattern: string): Promise<string[]> =>
    (await netns.inServer(['pgrep', '-P', String(daemon.pid), '-f', pattern])).stdout.split('\n').filter((pid) => pid !== '')

  it('started as root: what reads the log has none left, the helper has them, cat has none', async () => {
    await start()
    expect(status(daemon.pid, 'Uid').split('\t')).toEqual(Array(4).fill(String(NOBODY)))
    for (const set of ['CapEff', 'CapPrm', 'CapInh', 'CapAmb']) expect(status(daemon.pid, set), set).toMatch(/^0+$/)
    const [helper] = await children(' helper ')
    expect(status(helper!, 'Uid').startsWith('0')).toBe(true)
    // A child that has not begun its program yet looks like its parent.
    const [cat] = await eventually(async () => {
      const cats = await children('^/bin/cat')
      expect(cats).toHaveLength(1)
      return cats
    })
    expect(status(cat!, 'Uid').startsWith(String(NOBODY))).toBe(true)
    // Nobody may read the kernel's log by that name: the descriptor was opened before.
    await knock(netns)
    await daemon.until('opened')
    expect(await netns.canConnect(22)).toBe(true)
  })

  it('started without root, with CAP_NET_ADMIN and CAP_SYSLOG alone', async () => {
    const state = join(folder.path, 'nobody')
    mkdirSync(state)
    await netns.inServer(['chown', String(NOBODY), state])
    const caps = '+net_admin,+syslog'
    daemon = new LiveDaemon(netns, {
      folder: folder.path, config: doorConfig({ prefix, openFor: '1s' }), args: ['--state-dir', state],
      wrap: ['setpriv', '--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups', '--inh-caps', caps, '--ambient-caps', caps],
    })
    await daemon.until('source-running')
    expect(status(daemon.pid, 'Uid').split('\t')).toEqual(Array(4).fill(String(NOBODY)))
    await knock(netns)
    await daemon.until('opened')
    await daemon.until('closed')
    expect(daemon.named('opened').length).toBe(1)
  })

  it('the helper killed: the daemon, which cannot start it again, ends with 1, and the next one closes what is open', async () => {
    await start(doorConfig({ prefix, openFor: '2s', rule: 'firewall = iptables' }))
    await knock(netns)
    await daemon.until('opened')
    const ended = new Promise((resolve) => daemon.child.once('exit', resolve))
    process.kill(Number((await children(' helper '))[0]), 'SIGKILL')
    expect(await ended).toBe(1)
    daemon.restart()
    await daemon.until('closed')
    expect((await netns.inServer(['iptables', '-S', 'KNOCKTAIL'])).stdout).not.toContain('-A KNOCKTAIL')
  })

  it('the daemon killed: the helper closes at its time what does not end by itself, and goes', async () => {
    await start(doorConfig({ prefix, openFor: '2s', rule: 'firewall = iptables' }))
    await knock(netns)
    await daemon.until('opened')
    const [helper] = await children(' helper ')
    await daemon.stop('SIGKILL')
    expect((await netns.inServer(['iptables', '-S', 'KNOCKTAIL'])).stdout).toContain('-A KNOCKTAIL')
    await expect.poll(async () => (await netns.inServer(['iptables', '-S', 'KNOCKTAIL'])).stdout, { timeout: 8000 }).not.toContain('-A KNOCKTAIL')
    await expect.poll(() => isAlive(Number(helper)), { timeout: 8000 }).toBe(false)
  })

  it('all of it killed: a sweep closes what is overdue, and leaves what is not', async () => {
    await start(doorConfig({ prefix, openFor: '1s', rule: 'firewall = iptables' }))
    await knock(netns)
    await daemon.until('opened')
    const helpers = await children(' helper ')
    await daemon.stop('SIGKILL')
    for (const pid of helpers) process.kill(Number(pid), 'SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, 1500))
    const swept = await netns.inServer([process.execPath, BIN, 'sweep', '-c', daemon.configPath, '--state-dir', daemon.stateDir])
    expect(swept.stderr).toContain('1 closed')
    expect(swept.code).toBe(0)
    expect((await netns.inServer(['iptables', '-S', 'KNOCKTAIL'])).stdout).not.toContain('-A KNOCKTAIL')
  })

  it('refuses a configuration that others may write to, and says how to mend it', async () => {
    await start()
    const open = folder.write('open.conf', doorConfig({ prefix }))
    await netns.inServer(['chmod', '666', open])
    const { code, stderr } = await run(['run', '-c', open, '--state-dir', daemon.stateDir])
    expect(code).toBe(78)
    expect(stderr).toContain(`chmod go-w ${open}`)
  })

  it('reads what only root may read by a process of its own', async () => {
    const log = join(folder.path, 'secret.log')
    writeFileSync(log, '', { mode: 0o600 })
    await start(doorConfig({ prefix, source: `follow = file:${log}\nparser = clf` }).replace(/sequence = .*/, 'sequence = GET /one-4f1c, GET /two-9a07'))
    const stamp = new Date().toUTCString().replace(/^\w+, (\d+) (\w+) (\d+) (\S+) GMT$/, '$1/$2/$3:$4 +0000')
    writeFileSync(log, ['/one-4f1c', '/two-9a07'].map((path) => `192.0.2.77 - - [${stamp}] "GET ${path} HTTP/1.1" 404 0 "-" "-"\n`).join(''), { flag: 'a' })
    expect((await daemon.until('open'))['address']).toBe('192.0.2.77')
  })
})
