import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, expect, it } from 'vitest'
import { doorConfig, knock, loadRules, useNamespaceLog } from '../support/door.ts'
import { eventually } from '../support/eventually.ts'
import { LiveDaemon } from '../support/live.ts'
import { addressOf, useNetns } from '../support/netns.ts'
import { BIN, useFolder } from '../support/run.ts'
import { systemTest } from '../support/system.ts'

/**
 * The daemon and its helper as the shipped units start them: with their command lines, users and capabilities, the helper behind a socket; what
 * they call is compared with what is allowed. Their file systems and devices are not confined here: systemd.test.ts has them started by systemd.
 */

/** A user of every Debian, with a group of his own: one that may read the lists has to be named in the configuration. */
const [USER, GROUP] = [5, 60]
const CLIENT = addressOf('client', 4)
const CAPABILITIES: Readonly<Record<string, number>> = { net_admin: 12, syslog: 34 }

function textOf(name: string): string {
  return readFileSync(fileURLToPath(new URL(`../../packaging/systemd/${name}`, import.meta.url)), 'utf8')
}

/** What a unit says of itself. */
function unit(name: string): Readonly<Record<string, string>> {
  return Object.fromEntries([...textOf(name).matchAll(/^(\w+)=(.*)$/gm)].map(([, key, value]) => [key!, value!]))
}

const traced = (path: string | undefined): string[] => (path === undefined ? [] : ['strace', '-f', '-c', '-o', path])

/** The system calls of a group, and of the groups in it, as this systemd has them. */
function systemCalls(groups: readonly string[], all: ReadonlyMap<string, readonly string[]>): Set<string> {
  return new Set(groups.flatMap((group) => (group.startsWith('@') ? [...systemCalls(all.get(group) ?? [], all)] : [group])))
}

/** What the unit lets through: names add, `~` takes away, in the order of the lines. */
function allowedBy(name: string): Set<string> {
  const listed = execFileSync('systemd-analyze', ['syscall-filter', '--no-pager'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  const all = new Map(listed.split(/^(?=@)/m).map((part) => {
    const [group = '', ...lines] = part.split('\n')
    return [group, lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'))] as const
  }))
  const allowed = systemCalls(['@default'], all)
  for (const [, not, groups] of textOf(name).matchAll(/^SystemCallFilter=(~?)(.*)$/gm)) {
    for (const call of systemCalls(groups!.split(' '), all)) {
      if (not) allowed.delete(call)
      else allowed.add(call)
    }
  }
  return allowed
}

/** Node asks for memory protection keys, and goes on without. */
const DISPENSABLE = ['pkey_alloc']

const words = (capabilities = ''): string[] => capabilities.toLowerCase().split(' ').filter(Boolean).map((word) => word.replace('cap_', ''))
const setOf = (names: readonly string[]): string => ['-all', ...names.map((name) => `+${name}`)].join()
const maskOf = (names: readonly string[]): bigint => names.reduce((mask, name) => mask | (1n << BigInt(CAPABILITIES[name]!)), 0n)

systemTest(['ip', 'nft', 'nc', 'cat', 'setpriv', 'pgrep', 'iptables', 'systemd-socket-activate', 'systemd-analyze', 'strace'])('as the units start them', () => {
  useNamespaceLog()
  const netns = useNetns()
  const folder = useFolder()
  const prefix = `kt${process.pid}u: `
  const [service, helperService] = [unit('knocktail.service'), unit('knocktail-helper@.service')]
  const lists = join(folder.path, 'lists')
  const list = join(lists, 'list')
  let daemon: LiveDaemon
  let count = 0

  beforeAll(async () => {
    await loadRules(netns, prefix)
    await netns.listen(22)
    await netns.addClient('192.0.2.11')
    mkdirSync(lists)
  })
  afterEach(() => daemon.stop())

  /** `trace`: where strace writes what was called. */
  function helperArgv(config: string, trace?: string): string[] {
    const started = helperService['ExecStart']!.replace('/etc/knocktail/knocktail.conf', config).replace('/var/lib/knocktail-helper', join(folder.path, `helper${count}`))
    const bounds = setOf(words(helperService['CapabilityBoundingSet']))
    return ['setpriv', '--groups', String(GROUP), '--inh-caps', '-all', '--bounding-set', bounds, '--no-new-privs', ...traced(trace), process.execPath, BIN, ...started.split(' ').slice(1)]
  }

  async function start(rule: string, traces: { daemon?: string; helper?: string } = {}): Promise<void> {
    const [state, runDir, socket] = [`state${++count}`, `sockets${count}`, `helper${count}.sock`].map((name) => join(folder.path, name)) as [string, string, string]
    for (const path of [state, runDir]) {
      mkdirSync(path, { mode: 0o750 })
      chownSync(path, USER, GROUP)
    }
    const caps = setOf(words(service['AmbientCapabilities']))
    daemon = new LiveDaemon(netns, {
      folder: folder.path, config: doorConfig({ prefix, openFor: '2s', global: 'user = games' }).replace(/^sequence = .*\n/m, `${rule}\nreorder = 0\n`),
      args: ['--state-dir', state, '--run-dir', runDir, ...service['ExecStart']!.replace('/run/knocktail-helper.sock', socket).split(' ').slice(4)],
      wrap: ['setpriv', '--reuid', String(USER), '--regid', String(GROUP), '--clear-groups', '--inh-caps', caps, '--ambient-caps', caps,
        '--bounding-set', setOf(words(service['CapabilityBoundingSet'])), '--no-new-privs', ...traced(traces.daemon)],
    })
    await serve(socket, helperArgv(daemon.configPath, traces.helper))
    await daemon.until('source-running')
  }

  /** systemd's side: a helper for each that connects. */
  async function serve(socket: string, argv: readonly string[]): Promise<void> {
    netns.start('server', ['systemd-socket-activate', '-l', socket, '--accept', '--inetd', ...argv])
    await eventually(() => expect(existsSync(socket)).toBe(true))
    chownSync(socket, USER, GROUP)
    chmodSync(socket, 0o600)
  }

  const status = (pid: string | number, field: string): string => new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1]!
  /** The oldest, since a child that has not begun its program yet looks like its parent. */
  const helpers = async (): Promise<string[]> => (await netns.inServer(['pgrep', '-o', '-f', `^${process.execPath} ${BIN} helper -c ${daemon.configPath}`])).stdout.split('\n').filter((pid) => pid !== '')

  it('what reads the log may read the log, what moves the firewall may do that, and neither more; doors open and close', async () => {
    writeFileSync(list, '31877,7412\n52044,31877\n7412,52044\n', { mode: 0o640 })
    chownSync(list, 0, GROUP)
    await start(`one_time_sequences = ${list}`)
    const [helper] = await helpers()
    for (const set of ['CapEff', 'CapPrm', 'CapBnd']) {
      expect(BigInt(`0x${status(daemon.pid, set)}`), set).toBe(maskOf(['syslog']))
      expect(BigInt(`0x${status(helper!, set)}`), set).toBe(maskOf(['net_admin']))
    }
    expect([status(daemon.pid, 'Uid'), status(helper!, 'Uid')].map((ids) => ids.split('\t')[1])).toEqual([String(USER), '0'])
    await knock(netns, CLIENT, [31877, 7412])
    await daemon.until('opened')
    expect(await netns.canConnect(22)).toBe(true)
    // Root's list, to which nobody else may write: it has its owner, group and mode still.
    expect(readFileSync(list, 'utf8')).toBe('#31877,7412\n52044,31877\n7412,52044\n')
    const { uid, gid, mode } = statSync(list)
    expect([uid, gid, mode & 0o777]).toEqual([0, GROUP, 0o640])
    await daemon.until('closed')
    expect(await netns.canConnect(22)).toBe(false)
    expect(['list-refused', 'firewall-failed', 'helper-ended', 'control-refused'].flatMap((name) => daemon.named(name))).toEqual([])
  })

  it('neither makes a system call that its unit forbids', async () => {
    const traces = { daemon: join(folder.path, 'daemon-calls'), helper: join(folder.path, 'helper-calls') }
    for (const path of Object.values(traces)) {
      writeFileSync(path, '')
      chmodSync(path, 0o666)
    }
    writeFileSync(list, '31877,7412\n52044,31877\n', { mode: 0o640 })
    chownSync(list, 0, GROUP)
    await start(`one_time_sequences = ${list}\nclose_when = disconnected\nkill_on_close = yes`, traces)
    await knock(netns, CLIENT, [31877, 7412])
    await daemon.until('closed')
    // strace itself would take the signal.
    const [pid] = (await netns.inServer(['pgrep', '-o', '-f', `^${process.execPath} ${BIN} run -c ${daemon.configPath}`])).stdout.split('\n')
    process.kill(Number(pid), 'SIGTERM')
    for (const [path, name] of [[traces.daemon, 'knocktail.service'], [traces.helper, 'knocktail-helper@.service']] as const) {
      const calls = await eventually(() => {
        const found = [...readFileSync(path, 'utf8').matchAll(/^ *[\d.]+ .* (\w+)$/gm)].map(([, call]) => call!).filter((call) => call !== 'total')
        expect(found.length).toBeGreaterThan(30)
        return found
      })
      const allowed = allowedBy(name)
      expect(calls.filter((call) => !allowed.has(call) && !DISPENSABLE.includes(call)), name).toEqual([])
    }
  }, 60_000)

  it('a sweep without any right closes, through the helper, what is overdue', async () => {
    await start('sequence = 31877, 7412, 52044\nfirewall = iptables')
    await knock(netns, CLIENT)
    await daemon.until('opened')
    const opened = Date.now()
    for (const pid of await helpers()) process.kill(Number(pid), 'SIGKILL')
    await daemon.stop('SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, opened + 2500 - Date.now())))
    const [, ...args] = unit('knocktail-sweep.service')['ExecStart']!.replace('/etc/knocktail/knocktail.conf', daemon.configPath)
      .replace('/run/knocktail-helper.sock', join(folder.path, `helper${count}.sock`)).split(' ')
    const bounds = setOf(words(unit('knocktail-sweep.service')['CapabilityBoundingSet']))
    const swept = await netns.inServer(['setpriv', '--reuid', String(USER), '--regid', String(GROUP), '--clear-groups', '--bounding-set', bounds,
      process.execPath, BIN, ...args, '--state-dir', join(folder.path, `state${count}`)])
    expect(swept.stderr).toContain('1 closed')
    expect(swept.code).toBe(0)
    expect(await netns.serve(['iptables', '-S', 'KNOCKTAIL'])).not.toContain('-A KNOCKTAIL')
  })

  it('a helper that is killed is started again by the next connection, and a daemon that is killed leaves no door open', async () => {
    await start('sequence = 31877, 7412, 52044\nfirewall = iptables')
    for (const pid of await helpers()) process.kill(Number(pid), 'SIGKILL')
    await daemon.until('helper-ended')
    await eventually(async () => expect(await helpers()).toHaveLength(1))
    expect(daemon.child.exitCode).toBeNull()
    await knock(netns, CLIENT)
    await daemon.until('opened')
    await daemon.until('closed')
    await knock(netns, '192.0.2.11')
    await daemon.until('opened', 2)
    await daemon.stop('SIGKILL')
    await eventually(async () => expect(await netns.serve(['iptables', '-S', 'KNOCKTAIL'])).not.toContain('-A KNOCKTAIL'))
    await eventually(async () => expect(await helpers()).toEqual([]))
    expect(daemon.named('helper-ended')).toHaveLength(1)
  })
})
