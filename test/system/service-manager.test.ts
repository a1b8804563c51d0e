import { appendFileSync, chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { LiveDaemon } from '../support/live.ts'
import { useNetns } from '../support/netns.ts'
import { listenForNotes, type NotifySocket } from '../support/notify-socket.ts'
import { useFolder } from '../support/run.ts'
import { systemTest } from '../support/system.ts'

/** The daemon as a service manager sees it, with systemd's own systemd-notify in between. */

const WATCHDOG_MS = 1500

systemTest(['ip', 'systemd-notify', 'perl', 'pgrep'])('under a service manager the daemon', () => {
  const netns = useNetns()
  const folder = useFolder()
  const log = join(folder.path, 'access.log')
  let daemon: LiveDaemon
  let manager: NotifySocket
  let count = 0

  afterEach(async () => {
    for (const pid of await helpers()) process.kill(pid, 'SIGCONT')
    await daemon.stop()
    manager.close()
  })

  async function start(global = '', source = `follow = file:${log}\nparser = clf`): Promise<void> {
    const socket = join(folder.path, `notify${++count}`)
    manager = await listenForNotes(socket)
    writeFileSync(log, '')
    const config = `[knocktail]\nfirewall = null\n${global}\n[source web]\n${source}\n[door]\nsequence = GET /one-4f1c, GET /two-9a07\nports = 80/tcp\nopen_for = 60s\n`
    daemon = new LiveDaemon(netns, { folder: folder.path, config, env: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: String(WATCHDOG_MS * 1000) } })
    await daemon.until('started')
  }

  const helpers = async (): Promise<number[]> =>
    (await netns.inServer(['pgrep', '-P', String(daemon.pid), '-f', ' helper '])).stdout.split('\n').filter((pid) => pid !== '').map(Number)
  const pings = (): number => manager.told.filter((note) => note.includes('WATCHDOG=1')).length

  function knock(host: string): void {
    const stamp = new Date().toUTCString().replace(/^\w+, (\d+) (\w+) (\d+) (\S+) GMT$/, '$1/$2/$3:$4 +0000')
    appendFileSync(log, ['/one-4f1c', '/two-9a07'].map((path) => `${host} - - [${stamp}] "GET ${path} HTTP/1.1" 404 0 "-" "-"\n`).join(''))
  }

  it('says that it is ready, how it is, that it moves, and that it stops', async () => {
    await start()
    await eventually(() => expect(manager.told[0]).toBe('READY=1 STATUS=1 of 1 sources are followed, 0 doors open'))
    knock('192.0.2.77')
    await eventually(() => expect(manager.told).toContain('WATCHDOG=1 STATUS=1 of 1 sources are followed, 1 door open'))
    await eventually(() => expect(pings()).toBeGreaterThan(3))
    const [helper] = await helpers()
    expect(readFileSync(`/proc/${helper}/environ`, 'latin1')).not.toMatch(/NOTIFY|WATCHDOG/)
    expect(await daemon.stop()).toBe(0)
    expect(manager.told.at(-1)).toBe('STOPPING=1 STATUS=stopping')
    expect(daemon.named('notify-failed')).toEqual([])
  })

  it('is well also when a source cannot be followed, and says so', async () => {
    await start('', 'follow = command:/bin/false\nparser = clf')
    await eventually(() => expect(manager.told).toContain('WATCHDOG=1 STATUS=0 of 1 sources are followed, 0 doors open'))
    expect(manager.told[0]).toMatch(/^READY=1 /)
  })

  it('says no more that it moves while its helper is stuck, and says it again when it is not', async () => {
    await start()
    await eventually(() => expect(pings()).toBeGreaterThan(1))
    for (const pid of await helpers()) process.kill(pid, 'SIGSTOP')
    await daemon.until('stuck')
    const before = pings()
    await new Promise((resolve) => setTimeout(resolve, 2 * WATCHDOG_MS))
    expect(pings()).toBe(before)
    for (const pid of await helpers()) process.kill(pid, 'SIGCONT')
    await eventually(() => expect(pings()).toBeGreaterThan(before + 1))
    expect(daemon.named('stuck')).toHaveLength(1)
  })

  it('tells on_event what happens, with nothing of its own environment and as nobody', async () => {
    const [told, hook] = [join(folder.path, 'told'), join(folder.path, 'hook')]
    writeFileSync(told, '')
    chmodSync(told, 0o666)
    writeFileSync(hook, `#!/bin/sh\necho "$1 $(id -u) $(env | grep -v '^PWD=\\|^_=\\|^SHLVL=\\|^OLDPWD=' | sort | tr '\\n' ' ')" >> ${told}\n`, { mode: 0o755 })
    await start(`on_event = ${hook} first`)
    const hosts = ['192.0.2.71', '192.0.2.72', '192.0.2.73']
    for (const host of hosts) knock(host)
    const lines = (): string[] => readFileSync(told, 'utf8').trimEnd().split('\n')
    await eventually(() => expect(lines().map((line) => /KNOCKTAIL_IP=(\S+)/.exec(line)?.[1])).toEqual(hosts))
    expect(lines()[0]).toMatch(/^first 65534 HOME=\/ KNOCKTAIL_AT=\S+Z KNOCKTAIL_EVENT=open KNOCKTAIL_IP=192\.0\.2\.71 KNOCKTAIL_LEVEL=info KNOCKTAIL_RULE=door KNOCKTAIL_UNTIL=\S+Z LC_ALL=C PATH=\S+ $/)
  })
})
