import { execFileSync } from 'node:child_process'
import { appendFileSync, closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeAll, expect, it } from 'vitest'
import type { Status } from '../../src/control/controlled.ts'
import type { Ran } from '../../src/firewalls/run.ts'
import { doorConfig, knock, KNOCKS, loadRules, useNamespaceLog } from '../support/door.ts'
import { LiveDaemon } from '../support/live.ts'
import { addressOf, useNetns } from '../support/netns.ts'
import { BIN, jsonLines, useFolder } from '../support/run.ts'
import { systemTest } from '../support/system.ts'

/** What an administrator types beside a running daemon, who may, and what the exit codes say. */

const CLIENT = addressOf('client', 4)
/** A user that every system has, as whom the daemon runs here: only his group may look. */
const DAEMON = { name: 'daemon', gid: 1 }
const NOBODY = 65_534

systemTest(['ip', 'nft', 'nc', 'cat', 'iptables', 'setpriv', 'pgrep', 'mount'])('beside a running daemon', () => {
  useNamespaceLog()
  const netns = useNetns()
  const folder = useFolder()
  const prefix = `kt${process.pid}x: `
  let daemon: LiveDaemon

  beforeAll(async () => {
    await loadRules(netns, prefix)
    await netns.listen(22)
  })
  afterEach(async () => {
    await daemon.stop()
    await loadRules(netns, prefix)
  })

  async function start(config: Partial<Parameters<typeof doorConfig>[0]> = {}): Promise<void> {
    daemon = new LiveDaemon(netns, { folder: folder.path, config: doorConfig({ prefix, openFor: '60s', ...config, global: `user = ${DAEMON.name}\n${config.global ?? ''}` }) })
    await daemon.until('started')
  }

  const as = (who: readonly string[], ...args: string[]): Promise<Ran> => netns.inServer([...who, process.execPath, BIN, ...args, '--run-dir', daemon.runDir])
  const knocktail = (...args: string[]): Promise<Ran> => as([], ...args)
  const status = async (): Promise<Status> => JSON.parse((await knocktail('status', '--json')).stdout) as Status
  const wrong = async (): Promise<string[]> => (await status()).conditions.filter(({ weight }) => weight === 'wrong').map(({ name }) => name)

  it('opens and closes what nobody knocked for, lists it, and keeps it in the history', async () => {
    await start()
    expect(await netns.canConnect(22)).toBe(false)
    const opened = await knocktail('open', CLIENT, 'ssh', '--for', '40s')
    expect([opened.code, opened.stdout]).toEqual([0, `rule ssh is open for ${CLIENT}, for 40s\n`])
    expect(await netns.canConnect(22)).toBe(true)
    await knock(netns, CLIENT, KNOCKS.slice(0, 2))
    await expect.poll(async () => (await knocktail('list')).stdout).toMatch(new RegExp(`open     ssh  ${CLIENT}  for \\d+ s more.*\nattempt  ssh  ${CLIENT}  step 2 of 3, since `))
    const explained = await knocktail('explain', CLIENT, '-c', daemon.configPath, '--state-dir', daemon.stateDir)
    expect(explained.stdout).toMatch(new RegExp(`opened 22/tcp for 40s[^]*as the running daemon remembers it:\n.*Z  ${KNOCKS[0]}/tcp +step 1 of 3 of ssh\n.*Z  ${KNOCKS[1]}/tcp +step 2 of 3 of ssh\nopen  `))
    expect(JSON.parse((await knocktail('close', CLIENT, 'ssh', '--json')).stdout)).toEqual({ ok: true, text: `1 closed for ${CLIENT}`, closed: 1 })
    expect(await netns.canConnect(22)).toBe(false)
    expect(await knocktail('close', CLIENT)).toMatchObject({ code: 1, stderr: expect.stringContaining('nothing is open') as string })
    const history = await netns.inServer([process.execPath, BIN, 'history', '--json', '--address', CLIENT, '--state-dir', daemon.stateDir])
    expect(jsonLines(history.stdout).map(({ event }) => event)).toEqual(['open', 'opened', 'close', 'closed'])
  })

  it('refuses what would open too much, and names what there is', async () => {
    await start({ global: `always_allow = 203.0.113.9\nnever_open = 203.0.113.0/28` })
    for (const [address, why] of [['203.0.113.9', 'always_allow'], ['203.0.113.1', 'never_open'], [addressOf('server', 4), "own address"], ['127.0.0.1', 'loopback']] as const) {
      expect(await knocktail('open', address, 'ssh')).toMatchObject({ code: 1, stderr: expect.stringContaining(why) as string })
    }
    expect(JSON.parse((await knocktail('open', '192.0.2.77', 'ssh', '--for', '9h', '--json')).stdout)).toMatchObject({ ok: true, grant: { rule: 'ssh', address: '192.0.2.77', remainingS: 8 * 3600 } })
    expect((await knocktail('open', CLIENT, 'shh')).stderr).toContain('there is no rule "shh": there are ssh')
    expect((await knocktail('open', CLIENT, 'ssh', '--user', 'eve')).stderr).toContain('rule ssh has no user "eve": it has none')
    expect((await knocktail('open', 'x', 'ssh')).stderr).toContain('"x" is no address')
  })

  it('lets nobody in, the daemon\'s group look, and only root change anything', async () => {
    await start()
    const nobody = ['setpriv', '--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups']
    const group = ['setpriv', '--reuid', String(NOBODY), '--regid', String(DAEMON.gid), '--clear-groups']
    // Who the daemon has become: whoever takes it over gets no other socket by that.
    const itself = ['setpriv', '--reuid', '1', '--regid', String(DAEMON.gid), '--clear-groups']
    for (const verb of ['status', 'list', 'pause']) expect(await as(nobody, verb), verb).toMatchObject({ code: 1, stderr: expect.stringContaining('this user may not use') as string })
    for (const who of [group, itself]) {
      expect(await as(who, 'status')).toMatchObject({ code: 0, stderr: '' })
      expect(await as(who, 'list')).toMatchObject({ code: 0, stdout: 'nothing is open\n' })
      for (const verb of [['pause'], ['close', CLIENT], ['open', CLIENT, 'ssh']]) expect((await as(who, ...verb)).stderr, verb[0]).toContain('this user may not use')
      // What is asked at the wrong socket is not done either.
      const told = await netns.inServer([...who, process.execPath, '-e', `require('net').connect('${daemon.runDir}/status.sock').on('data', (d) => console.log(String(d))).end('{"verb":"pause"}\\n')`])
      expect(told.stdout).toContain('only root may use')
      const gone = await netns.inServer([...who, 'rm', '-f', join(daemon.runDir, 'control.sock')])
      expect(gone.stderr).toContain('Permission denied')
    }
    expect(await wrong()).toEqual([])
  })

  it('opens nothing while it is paused, says so, and goes on being paused after a restart', async () => {
    await start()
    expect((await knocktail('pause')).stdout).toContain('also over a restart')
    await knock(netns)
    await daemon.until('paused')
    expect(await netns.canConnect(22)).toBe(false)
    expect(await wrong()).toEqual(['opening-paused'])
    await daemon.stop('SIGKILL')
    daemon.restart()
    await daemon.until('started', 2)
    expect((await knocktail('status')).code).toBe(1)
    expect((await knocktail('open', CLIENT, 'ssh')).code).toBe(0)
    expect(await netns.canConnect(22)).toBe(true)
    await knocktail('resume')
    expect((await knocktail('status')).code).toBe(0)
    await knocktail('close', CLIENT)
    await knock(netns)
    await daemon.untilTrue(() => daemon.named('open').length === 2, 'the knock opens')
  })

  it('has on disk what it has answered, when a kill -9 comes the moment after', async () => {
    await start()
    const answered = (request: object): Promise<void> => new Promise((resolve) => {
      const socket = connect(join(daemon.runDir, 'control.sock'), () => socket.write(`${JSON.stringify(request)}\n`))
      socket.once('data', () => resolve())
    })
    for (const [request, comesIn, starts] of [[{ verb: 'open', rule: 'ssh' }, true, 2], [{ verb: 'close' }, false, 3]] as const) {
      // The ledger has just been written: the next write that nobody waits for takes its time.
      await answered({ ...request, address: '192.0.2.77' })
      await answered({ ...request, address: CLIENT })
      await daemon.stop('SIGKILL')
      daemon.restart()
      await daemon.until('started', starts)
      expect([(await knocktail('list')).stdout.includes(CLIENT), await netns.canConnect(22)]).toEqual([comesIn, comesIn])
    }
  })

  it('fails its health check when it is gone, cannot follow a source, cannot close, or cannot load its file', async () => {
    const log = join(folder.path, 'web.log')
    mkdirSync(log)
    await start({ rule: 'firewall = command\nstart_command = true\nstop_command = false', source: `follow = kmsg\nprefix = "${prefix}"\n[source web]\nfollow = file:${log}\nparser = clf` })
    await daemon.until('source-suspended')
    expect(await wrong()).toEqual(['source-suspended'])
    renameSync(log, `${log}.away`)
    appendFileSync(log, '')
    await daemon.until('source-running', 2)
    await knocktail('open', CLIENT, 'ssh')
    expect(await knocktail('close', CLIENT)).toMatchObject({ code: 1, stderr: expect.stringContaining('closing for') as string })
    expect((await knocktail('status')).stdout).toContain(`WRONG  command ssh: closing for ${CLIENT} failed`)
    daemon.configure('[knocktail]\nfirewal = null\n')
    expect((await knocktail('reload')).stderr).toContain('unknown key "firewal"')
    expect((await wrong()).toSorted()).toEqual(['config-refused', 'firewall-failed'])
    await daemon.stop('SIGKILL')
    expect(await knocktail('status')).toMatchObject({ code: 1, stdout: expect.stringContaining('WRONG  no daemon listens at') as string })
    expect((await status()).conditions.map(({ name }) => name)).toEqual(['not-running'])
  })

  it('fails its health check while a source is silent, or does not show our own packet, which is no knock', async () => {
    const watched = `follow = kmsg\nprefix = "${prefix}"\nquiet_after = 3s\ncanary = yes`
    await start({ source: watched })
    await daemon.until('source-quiet')
    // Before that the canary was heard, and nothing came of it.
    expect(await status()).toMatchObject({ addresses: 0, sources: [{ understood: 1, lost: 0 }], rules: [{ attempts: 0 }], conditions: [{ name: 'source-quiet' }, {}] })
    await knock(netns, CLIENT, KNOCKS.slice(0, 1))
    await daemon.until('source-heard')
    expect(await wrong()).toEqual([])
    await daemon.stop()
    await netns.serve(['nft', 'insert', 'rule', 'inet', 'filter', 'input', 'iif', 'lo', 'accept'])
    daemon.restart()
    const { text } = await daemon.until('canary-missing')
    expect(text).toMatch(/from 192\.0\.2\.1 to its own port 31877\/tcp was not logged within 5 s/)
    expect((await knocktail('status')).stdout).toContain('a rule that accepts lo before the LOG rule hides it')
  })

  it('notices within a look that its set or the rule that logs is gone', async () => {
    await start()
    expect((await knocktail('reconcile')).code).toBe(0)
    expect(await wrong()).toEqual([])
    await netns.serve(['nft', 'flush', 'ruleset'])
    await knocktail('reconcile')
    const texts = (await status()).conditions.map(({ text }) => text).join('\n')
    expect(texts).toContain('there is no table inet filter')
    expect(texts).toContain(`logs with the prefix "${prefix}"`)
    await loadRules(netns, prefix)
    await knocktail('reconcile')
    expect(await wrong()).toEqual([])
    await loadRules(netns, 'another: ')
    await knocktail('reconcile')
    expect(await wrong()).toEqual(['finding-error'])
    // Whichever tool made it.
    await netns.serve(['iptables', '-A', 'INPUT', '-p', 'tcp', '--dport', String(KNOCKS[0]), '-j', 'LOG', '--log-prefix', prefix])
    await knocktail('reconcile')
    expect(await wrong()).toEqual([])
    await netns.serve(['iptables', '-F'])
  })

  it('says that the disk is full, and goes on when it is not', async () => {
    const disk = join(folder.path, 'disk')
    mkdirSync(disk)
    // Outside of `ip netns exec`, whose mounts nobody else sees.
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk])
    try {
      daemon = new LiveDaemon(netns, { folder: folder.path, config: doorConfig({ prefix, openFor: '60s' }), args: ['--state-dir', disk] })
      await daemon.until('started')
      fill(join(disk, 'filler'))
      // Each place in the kernel's log is another place to write down; what the history holds of the last block is soon full.
      for (let number = 0; daemon.named('history-refused').length === 0 || daemon.named('positions-refused').length === 0; number++) {
        expect((await knocktail('open', `192.0.2.${100 + number}`, 'ssh')).code).toBe(0)
        await knock(netns, CLIENT, KNOCKS.slice(0, 1))
      }
      expect((await status()).conditions.map(({ name }) => name)).toEqual(expect.arrayContaining(['positions-refused', 'history-refused']))
      rmSync(join(disk, 'filler'))
      await knocktail('close', '--all')
      await daemon.until('positions-recovered')
      await daemon.until('history-recovered')
      expect(await wrong()).toEqual([])
      expect((await netns.inServer([process.execPath, BIN, 'history', '--state-dir', disk])).stdout).toMatch(/history-lost +\d+ lines of the history could not be written/)
    } finally {
      await daemon.stop()
      execFileSync('umount', ['-l', disk])
    }
  })

  it('reloads by force what it would not by itself', async () => {
    await start({ global: 'always_allow = 203.0.113.9' })
    daemon.configure(daemon.config.replace('always_allow = 203.0.113.9\n', ''))
    expect((await knocktail('reload')).stderr).toContain('always_allow 203.0.113.9 is gone: knocktail reload --force')
    expect((await knocktail('reload', '--force')).stdout).toContain('loaded: 1 rule,')
    expect(await wrong()).toEqual([])
  })

  it('after kill -9 of all of it, close --all closes from the ledger what had time left', async () => {
    await start({ rule: 'firewall = iptables' })
    await knock(netns)
    await daemon.until('opened')
    const helpers = (await netns.inServer(['pgrep', '-P', String(daemon.pid), '-f', ' helper '])).stdout.split('\n').filter(Boolean)
    await daemon.stop('SIGKILL')
    for (const pid of helpers) process.kill(Number(pid), 'SIGKILL')
    expect((await netns.inServer(['iptables', '-S', 'KNOCKTAIL'])).stdout).toContain(`${CLIENT}/32`)
    expect((await knocktail('close', '--all')).stderr).toContain('needs -c FILE')
    expect(await knocktail('close', '--all', '-c', daemon.configPath, '--state-dir', daemon.stateDir)).toMatchObject({ code: 0, stderr: expect.stringContaining('1 closed') as string })
    expect((await netns.inServer(['iptables', '-S', 'KNOCKTAIL'])).stdout).not.toContain('/32')
    daemon.restart()
    await daemon.until('started', 2)
    expect((await knocktail('list')).stdout).toBe('nothing is open\n')
    expect((await knocktail('open', CLIENT, 'ssh')).code).toBe(0)
    expect((await knocktail('close', '--all')).stdout).toBe('1 closed\n')
    expect(readFileSync(join(daemon.stateDir, 'history.jsonl'), 'utf8')).toContain('"admin":true')
    await netns.serve(['iptables', '-F'])
  })
})

/** Until the disk takes no more. */
function fill(path: string): void {
  const file = openSync(path, 'w')
  try {
    for (;;) writeSync(file, Buffer.alloc(4096))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  } finally {
    closeSync(file)
  }
}
