import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { doorConfig, knock, KNOCKS, loadRules, useNamespaceLog } from '../support/door.ts'
import { LiveDaemon } from '../support/live.ts'
import { addressOf, useNetns } from '../support/netns.ts'
import { useFolder } from '../support/run.ts'
import { systemTest } from '../support/system.ts'

/** Ways in, and ways to keep others out, that only the real machine shows. */

const CLIENT = addressOf('client', 4)
const DOOR = readFileSync(fileURLToPath(new URL('../../samples/run/door.nft', import.meta.url)), 'utf8')

systemTest(['ip', 'nft', 'iptables', 'iptables-save', 'ipset', 'nc', 'cat', 'sh', 'mount', 'setpriv', 'pgrep', 'dmesg'])('against attacks', () => {
  useNamespaceLog()
  const netns = useNetns()
  const folder = useFolder()
  const prefix = `kt${process.pid}a: `
  let daemon: LiveDaemon

  beforeAll(() => netns.listen(22))
  afterEach(() => daemon?.stop())

  async function start(config: Partial<Parameters<typeof doorConfig>[0]> = {}): Promise<void> {
    await loadRules(netns, prefix)
    daemon = new LiveDaemon(netns, { folder: folder.path, config: doorConfig({ prefix, ...config }) })
    await daemon.until('source-running')
  }

  /** What was saved while the door was open; when it is closed. */
  async function savedWhileOpen(...save: readonly string[]): Promise<string> {
    await knock(netns)
    await daemon.until('opened')
    const saved = await netns.serve(save)
    expect(saved).toContain(CLIENT)
    await daemon.until('closed')
    return saved
  }

  describe('a saved ruleset that was loaded again', () => {
    it('nft: what it opens is closed at once', async () => {
      await start({ openFor: '2s' })
      const saved = await savedWhileOpen('nft', 'list', 'ruleset')
      await netns.serve(['nft', '-f', '-'], `flush ruleset\n${saved.replace(/timeout 2s expires \S+ comment/, 'timeout 1h comment')}`)
      expect(await netns.canConnect(22)).toBe(true)
      await daemon.until('closed', 2)
      expect(daemon.named('restored').map(({ address }) => address)).toEqual([CLIENT])
      expect(await netns.canConnect(22)).toBe(false)
    })

    it('iptables: the next start closes it, though no ledger knows of it', async () => {
      await start({ openFor: '2s', rule: 'firewall = iptables' })
      const saved = await savedWhileOpen('iptables-save')
      await daemon.stop()
      await netns.serve(['iptables-restore'], saved)
      const rules = (): Promise<string> => netns.serve(['iptables', '-S', 'KNOCKTAIL'])
      expect(await rules()).toContain(CLIENT)
      daemon.restart()
      await daemon.until('closed', 2)
      expect(daemon.named('restored').map(({ address }) => address)).toEqual([CLIENT])
      expect(await rules()).not.toContain(CLIENT)
      await netns.serve(['sh', '-c', 'iptables -F; iptables -X'])
    })

    it('nft: who only observes leaves it alone', async () => {
      await start({ global: 'mode = observe' })
      await netns.serve(['nft', 'add', 'element', 'inet', 'filter', 'knock4', `{ ${CLIENT} timeout 1h comment "knocktail ssh" }`])
      await knock(netns)
      await daemon.until('observed')
      expect(daemon.named('restored')).toEqual([])
      expect(await netns.canConnect(22)).toBe(true)
    })
  })

  it('after a reboot nothing stands of what outlives one, whatever its time is by the wall clock', async () => {
    const hosts = folder.write('hosts.allow', 'sshd: 198.51.100.7\n')
    await start({ openFor: '1h', rule: 'firewall = hosts.allow', firewall: `set4 = inet filter knock4\n[firewall hosts.allow]\nfile = ${hosts}` })
    await knock(netns)
    await daemon.until('opened')
    const helpers = (await netns.inServer(['pgrep', '-P', String(daemon.pid), '-f', ' helper '])).stdout.split('\n').filter((pid) => pid !== '')
    await daemon.stop('SIGKILL')
    for (const pid of helpers) process.kill(Number(pid), 'SIGKILL')
    expect(readFileSync(hosts, 'utf8')).toContain(CLIENT)
    const bootId = folder.write('boot-id', '11111111-2222-3333-4444-555555555555\n')
    daemon.restart(['sh', '-c', `mount --bind ${bootId} /proc/sys/kernel/random/boot_id && exec "$@"`, 'sh'])
    await daemon.until('closed')
    expect(readFileSync(hosts, 'utf8')).not.toContain(CLIENT)
    expect(daemon.named('opened').length).toBe(1)
  })

  it('no other user can connect to a socket of ours', async () => {
    await start()
    const found = [daemon.stateDir, daemon.runDir].flatMap((path) => readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => join(path, name)))
      .filter((path) => statSync(path).isSocket())
    expect(found.length).toBeGreaterThan(3)
    for (const path of found) {
      const { stderr } = spawnSync('setpriv', ['--reuid', '65533', '--regid', '65533', '--clear-groups', 'nc', '-U', '-z', path], { encoding: 'latin1' })
      expect([path, stderr]).toEqual([path, expect.stringContaining('Permission denied')])
    }
  })

  it('a full set of those who are too loud means more logging, not less: new addresses can still knock', async () => {
    await netns.serve(['nft', '-f', '-'], `flush ruleset\n${DOOR.replaceAll('size 65536', 'size 4').replace('knock: ', prefix)}`)
    const others = Array.from({ length: 8 }, (_, index) => `192.0.2.${20 + index}`)
    for (const address of others) {
      await netns.addClient(address)
      await knock(netns, address, KNOCKS.slice(0, 1))
    }
    const set = await netns.serve(['nft', 'list', 'set', 'inet', 'knock', 'loud4'])
    expect(set.match(/192\.0\.2\.\d+ /g)).toHaveLength(4)
    const { stdout } = spawnSync('dmesg', { encoding: 'latin1', maxBuffer: 1 << 26 })
    for (const address of others) expect(stdout).toMatch(new RegExp(`${prefix}.* SRC=${address} `))
  })
})
