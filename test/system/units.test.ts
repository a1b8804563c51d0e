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
 * The daemon and its helper as the shipped units start them: with their command lines, users and capabilities, and the helper behind a
 * socket. Their file systems, devices and system calls are not confined here: that takes systemd as the first process.
 */

const NOBODY = 65_534
const CLIENT = addressOf('client', 4)
const CAPABILITIES: Readonly<Record<string, number>> = { net_admin: 12, syslog: 34 }

/** What a unit says of itself. */
function unit(name: string): Readonly<Record<string, string>> {
  const text = readFileSync(fileURLToPath(new URL(`../../packaging/systemd/${name}`, import.meta.url)), 'utf8')
  return Object.fromEntries([...text.matchAll(/^(\w+)=(.*)$/gm)].map(([, key, value]) => [key!, value!]))
}

const words = (capabilities = ''): string[] => capabilities.toLowerCase().split(' ').filter(Boolean).map((word) => word.replace('cap_', ''))
const setOf = (names: readonly string[]): string => ['-all', ...names.map((name) => `+${name}`)].join()
const maskOf = (names: readonly string[]): bigint => names.reduce((mask, name) => mask | (1n << BigInt(CAPABILITIES[name]!)), 0n)

systemTest(['ip', 'nft', 'nc', 'cat', 'setpriv', 'pgrep', 'iptables', 'systemd-socket-activate'])('as the units start them', () => {
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

  function helperArgv(config: string): string[] {
    const started = helperService['ExecStart']!.replace('/etc/knocktail/knocktail.conf', config).replace('/var/lib/knocktail-helper', join(folder.path, `helper${count}`))
    const bounds = setOf(words(helperService['CapabilityBoundingSet']))
    return ['setpriv', '--groups', String(NOBODY), '--inh-caps', '-all', '--bounding-set', bounds, '--no-new-privs', process.execPath, BIN, ...started.split(' ').slice(1)]
  }

  async function start(rule: string): Promise<void> {
    const state = join(folder.path, `state${++count}`)
    const socket = join(folder.path, `helper${count}.sock`)
    mkdirSync(state)
    chownSync(state, NOBODY, NOBODY)
    const caps = setOf(words(service['AmbientCapabilities']))
    daemon = new LiveDaemon(netns, {
      folder: folder.path, config: doorConfig({ prefix, openFor: '2s' }).replace(/^sequence = .*\n/m, `${rule}\nreorder = 0\n`),
      args: ['--state-dir', state, ...service['ExecStart']!.replace('/run/knocktail-helper.sock', socket).split(' ').slice(4)],
      wrap: ['setpriv', '--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups', '--inh-caps', caps, '--ambient-caps', caps,
        '--bounding-set', setOf(words(service['CapabilityBoundingSet'])), '--no-new-privs'],
    })
    await serve(socket, daemon.configPath)
    await daemon.until('source-running')
  }

  /** systemd's side: a helper for each that connects. */
  async function serve(socket: string, config: string): Promise<void> {
    netns.start('server', ['systemd-socket-activate', '-l', socket, '--accept', '--inetd', ...helperArgv(config)])
    await eventually(() => expect(existsSync(socket)).toBe(true))
    chownSync(socket, NOBODY, NOBODY)
    chmodSync(socket, 0o600)
  }

  const status = (pid: string | number, field: string): string => new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1]!
  /** The oldest, since a child that has not begun its program yet looks like its parent. */
  const helpers = async (): Promise<string[]> => (await netns.inServer(['pgrep', '-o', '-f', `^${process.execPath} ${BIN} helper -c ${daemon.configPath}`])).stdout.split('\n').filter((pid) => pid !== '')

  it('what reads the log may read the log, what moves the firewall may do that, and neither more; doors open and close', async () => {
    writeFileSync(list, '31877,7412\n52044,31877\n7412,52044\n', { mode: 0o640 })
    chownSync(list, 0, NOBODY)
    await start(`one_time_sequences = ${list}`)
    const [helper] = await helpers()
    for (const set of ['CapEff', 'CapPrm', 'CapBnd']) {
      expect(BigInt(`0x${status(daemon.pid, set)}`), set).toBe(maskOf(['syslog']))
      expect(BigInt(`0x${status(helper!, set)}`), set).toBe(maskOf(['net_admin']))
    }
    expect([status(daemon.pid, 'Uid'), status(helper!, 'Uid')].map((ids) => ids.split('\t')[1])).toEqual([String(NOBODY), '0'])
    await knock(netns, CLIENT, [31877, 7412])
    await daemon.until('opened')
    expect(await netns.canConnect(22)).toBe(true)
    // Root's list, to which nobody else may write: it has its owner, group and mode still.
    expect(readFileSync(list, 'utf8')).toBe('#31877,7412\n52044,31877\n7412,52044\n')
    const { uid, gid, mode } = statSync(list)
    expect([uid, gid, mode & 0o777]).toEqual([0, NOBODY, 0o640])
    await daemon.until('closed')
    expect(await netns.canConnect(22)).toBe(false)
    expect(['list-refused', 'firewall-failed', 'helper-ended'].flatMap((name) => daemon.named(name))).toEqual([])
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
