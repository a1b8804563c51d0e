import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { doorConfig, knock, KNOCKS, loadRules, useNamespaceLog } from '../support/door.ts'
import { useJournald } from '../support/journald.ts'
import { LiveDaemon } from '../support/live.ts'
import { addressOf, useNetns, type Netns } from '../support/netns.ts'
import { run, useFolder } from '../support/run.ts'
import { systemTest } from '../support/system.ts'

/** What a local user without any right (nobody) can get into the kernel's log, and what comes of it. */

const LIAR = '198.51.100.66'
const HONEST = addressOf('client', 4)
const SERVER = addressOf('server', 4)
const ALL_NETNS = '/proc/sys/net/netfilter/nf_log_all_netns'

systemTest(['ip', 'nft', 'nc', 'cat', 'setpriv', 'unshare', 'mount', 'systemd-journald', 'journalctl'])('a local user', () => {
  useNamespaceLog()
  const netns = useNetns()
  const folder = useFolder()
  const prefix = `kt${process.pid}o: `
  let daemon: LiveDaemon | undefined

  beforeAll(async () => {
    await loadRules(netns, prefix)
    await netns.listen(22)
  })
  afterEach(() => daemon?.stop())

  /** As nobody, in a user namespace, in which he is root of what is his. */
  function asNobody(unshared: string, script: string): void {
    const { stderr, error } = spawnSync('setpriv', ['--reuid', '65534', '--regid', '65534', '--clear-groups', 'unshare', '-U', '-r', unshared, 'sh', '-c', script], { encoding: 'latin1' })
    expect(error).toBeUndefined()
    expect(stderr).not.toContain('unshare')
  }

  /** What the kernel's log holds of this test, escaped as /dev/kmsg has it: each read is a record, until there is none. */
  function records(): string[] {
    const { stdout } = spawnSync('dd', ['if=/dev/kmsg', 'iflag=nonblock', 'bs=8192', 'status=none'], { encoding: 'latin1', maxBuffer: 1 << 26 })
    return stdout.split('\n').filter((line) => line.includes(prefix.trimEnd()))
  }

  const opened = (): unknown[] => [...new Set(daemon!.named('open').map((record) => record['address']))]

  describe('with a newline in a mount option that the kernel complains of', () => {
    const text = (port: number): string =>
      `${prefix}IN=eth0 OUT= MAC= SRC=${LIAR} DST=${SERVER} LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=TCP SPT=4${port % 1000} DPT=${port} WINDOW=64240 RES=0x00 SYN URGP=0 `

    function complainOf(upper: string): void {
      asNobody('-m', `mount -t overlay overlay -o 'lowerdir=/tmp,upperdir=${upper},workdir=/tmp' /mnt 2>/dev/null`)
    }

    /** How much of what follows `failed to resolve '/` printk keeps. Who reads gets a record that it has cut only when the next one is there. */
    function room(): number {
      complainOf(`/${prefix}${'x'.repeat(1500)}`)
      complainOf('/x')
      const whole = records().at(-1)!
      return whole.length - whole.indexOf(`/${prefix}`)
    }

    /** In each the packet's text stands after a newline; in half of them printk cuts the record where that text ends. */
    function forgeAll(): void {
      const before = records().length + 1
      const length = room()
      for (const port of KNOCKS) complainOf(`/x\n${text(port)}`)
      for (const port of KNOCKS) complainOf(`/${'x'.repeat(length - text(port).length - 2)}\n${text(port)}`)
      complainOf('/x')
      const forged = records().slice(before)
      expect(forged.filter((line) => line.includes(`\\x0a${prefix}IN=eth0`)).length).toBe(2 * KNOCKS.length)
      expect(forged.filter((line) => line.endsWith('SYN URGP=0 ')).length).toBe(KNOCKS.length)
    }

    async function forgeBeside(source: string): Promise<void> {
      daemon = new LiveDaemon(netns, { folder: folder.path, config: doorConfig({ prefix, source, openFor: '60s' }) })
      await daemon.until('source-running')
      forgeAll()
      // A journald that was started just now reads all of the kernel's log first.
      for (let tries = 0; tries < 10 && daemon.named('opened').length === 0; tries++) {
        await knock(netns)
        await daemon.until('opened', 1, 2000).catch(() => {})
      }
      daemon.signal('SIGUSR1')
      const counters = await daemon.until('counters')
      expect(counters['no-wrong-prefix']).toBeGreaterThanOrEqual(KNOCKS.length)
      expect(counters['no-at-printk-limit']).toBeGreaterThanOrEqual(KNOCKS.length)
      expect(opened()).toEqual([HONEST])
      expect(await netns.canConnect(22)).toBe(true)
    }

    it('opens nothing by kmsg, and the honest packet beside it does', () => forgeBeside(`follow = kmsg\nprefix = "${prefix}"`))

    describe('with journald', () => {
      useJournald()
      it('opens nothing by journald, and the honest packet beside it does', () => forgeBeside(`follow = journald\nprefix = "${prefix}"`), 60_000)
    })
  })

  describe('with packets of a network namespace of his own', () => {
    /** They bear any address, and come in by any interface. */
    const forge = (): void => asNobody('-n', `
ip link set lo down; ip link set lo name eth0; ip link set eth0 up
ip addr add ${SERVER}/32 dev eth0; ip addr add ${LIAR}/32 dev eth0
nft -f - <<END
table inet t {
  chain c {
    type filter hook input priority 0
    tcp flags syn / fin,syn,rst,ack log prefix "${prefix}" reject with tcp reset
  }
}
END
for port in ${KNOCKS.join(' ')}; do nc -z -w1 -s ${LIAR} ${SERVER} $port; done; true`)
    const forged = (): string[] => records().filter((line) => line.includes(`;${prefix}IN=eth0`) && line.includes(`SRC=${LIAR} `))

    it('is believed while nf_log_all_netns is 1: it is warned of, and require_trusted refuses it', async () => {
      daemon = new LiveDaemon(netns, { folder: folder.path, config: doorConfig({ prefix, openFor: '1s' }) })
      expect((await daemon.until('source-forgeable')).text).toContain('sysctl -w net.netfilter.nf_log_all_netns=0')
      await daemon.until('source-running')
      forge()
      expect((await daemon.until('open'))['address']).toBe(LIAR)
      const config = folder.write('trusted.conf', doorConfig({ prefix, global: 'require_trusted = yes' }))
      const { code, stderr } = await run(['run', '-c', config, '--state-dir', join(folder.path, 'none')])
      expect([code, stderr]).toEqual([1, expect.stringContaining('source kernel is refused, since require_trusted = yes: net.netfilter.nf_log_all_netns is 1')])
      const checked = await run(['check', '-c', config])
      expect([checked.code, checked.stdout]).toEqual([1, expect.stringContaining('error: run refuses this: source kernel is refused')])
    })

    describe('while nf_log_all_netns is 0', () => {
      /** This machine's own namespace, whose packets are logged all the same. */
      const here: Pick<Netns, 'start'> = { start: (_end, [program, ...args], env) => spawn(program!, args, { stdio: 'pipe', env: { PATH: process.env['PATH'], ...env } }) }
      const table = `kt${process.pid}`
      const sh = (script: string): void => void spawnSync('sh', ['-c', script], { stdio: 'ignore' })

      beforeAll(() => {
        writeFileSync(ALL_NETNS, '0')
        sh(`ip addr add ${SERVER}/32 dev lo; ip addr add ${HONEST}/32 dev lo`)
        spawnSync('nft', ['-f', '-'], { input: `table inet ${table} {
  chain c {
    type filter hook input priority 0
    ip daddr ${SERVER} tcp flags syn / fin,syn,rst,ack log prefix "${prefix}" reject with tcp reset
  }
}
` })
      })
      afterAll(() => {
        sh(`nft delete table inet ${table}; ip addr del ${SERVER}/32 dev lo; ip addr del ${HONEST}/32 dev lo`)
        writeFileSync(ALL_NETNS, '1')
      })

      it('never reaches the log, and the honest packet beside it is heard from a source that must be trusted', async () => {
        const config = doorConfig({ prefix, global: 'require_trusted = yes', rule: 'firewall = null\nfrom = 192.0.2.0/24, 198.51.100.0/24' })
        daemon = new LiveDaemon(here, { folder: folder.path, config })
        await daemon.until('source-running')
        // Another run of tests on this machine may have set it to 1 meanwhile.
        let before: number
        do {
          writeFileSync(ALL_NETNS, '0')
          before = forged().length
          forge()
        } while (readFileSync(ALL_NETNS, 'latin1').trim() !== '0')
        spawnSync('sh', ['-c', KNOCKS.map((port) => `nc -z -w1 -s ${HONEST} ${SERVER} ${port}`).join('; ')])
        await daemon.until('refused')
        expect(forged().length).toBe(before)
        expect(daemon.named('source-forgeable')).toEqual([])
        // Here the honest address is this host's own: it has knocked, and needs no door.
        expect(daemon.named('refused').map((record) => record['address'])).toEqual([HONEST])
        expect(daemon.named('open')).toEqual([])
      })
    })
  })
})
