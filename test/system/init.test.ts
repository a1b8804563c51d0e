import { randomInt } from 'node:crypto'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Port } from '../../parsers/event.ts'
import { parseNetwork } from '../../parsers/network.ts'
import type { DoorFirewall, KnockKind } from '../../src/init/plan.ts'
import { drawKnock, setupOf } from '../../src/init/setup.ts'
import { useNamespaceLog } from '../support/door.ts'
import { eventually } from '../support/eventually.ts'
import { addressOf, useNetns, type Netns } from '../support/netns.ts'
import { BIN, useFolder } from '../support/run.ts'
import { systemTest } from '../support/system.ts'

/** What `init` writes, followed to the letter: each command that it prints is run as it stands. */

const ALWAYS = '192.0.2.9'
const STRANGER = '192.0.2.3'
const SERVER = addressOf('server', 4)
const TOOLS = ['ip', 'nc', 'hping3', 'nohup', 'pkill', 'dmesg', 'faketime']
const LIMIT_MS = 60_000

/** The commands of the steps, by the step's title. */
function commandsOf(steps: string, title: RegExp): string[] {
  const step = steps.split(/^(?=\d+\. )/m).find((text) => title.test(text.split('\n')[0]!))
  expect(step, String(title)).toBeDefined()
  return step!.split('\n').filter((line) => line.startsWith('       ')).map((line) => line.trim())
}

/** A connection that stands: what is sent comes back. */
class Standing {
  readonly #child: ChildProcess
  #heard = ''
  #count = 0

  constructor(net: Netns, port: number) {
    this.#child = net.start('client', ['nc', SERVER, String(port)])
    this.#child.stdout!.on('data', (chunk: Buffer) => (this.#heard += chunk.toString()))
  }

  async answers(): Promise<void> {
    const word = `word ${++this.#count}\n`
    this.#child.stdin!.write(word)
    await eventually(() => expect(this.#heard).toContain(word))
  }
}

const ECHO = "require('net').createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(Number(process.argv[1]), '::')"

interface Way {
  readonly firewall: string
  readonly kind: 'static' | 'hmac' | 'totp'
  readonly tools: readonly string[]
  /** Before `init`. */
  readonly prepare?: (net: Netns) => Promise<unknown>
  /** After the tests. */
  readonly clean?: (net: Netns) => void
}

const etcOf = (net: Netns): string => join('/etc/netns', net.nameOf('server'))

const WAYS: readonly Way[] = [
  { firewall: 'nftables', kind: 'hmac', tools: ['nft'] },
  { firewall: 'iptables', kind: 'static', tools: ['iptables', 'ip6tables', 'iptables-restore'] },
  {
    firewall: 'ufw', kind: 'totp', tools: ['ufw', 'iptables', 'oathtool'],
    prepare: async (net) => {
      // `ip netns exec` lays what is in this folder over /etc: so the machine's own ufw is not touched.
      mkdirSync(etcOf(net), { recursive: true })
      cpSync('/etc/ufw', join(etcOf(net), 'ufw'), { recursive: true })
      cpSync('/etc/default', join(etcOf(net), 'default'), { recursive: true })
      await net.serve(['ufw', '--force', 'enable'])
      await net.serve(['ufw', 'allow', '22/tcp'])
    },
    clean: (net) => rmSync(etcOf(net), { recursive: true, force: true }),
  },
]

for (const { firewall, kind, tools, prepare, clean } of WAYS) {
  systemTest([...TOOLS, ...tools])(`what init writes for ${firewall}, knocked by ${kind}`, () => {
    useNamespaceLog()
    const net = useNetns()
    const folder = useFolder()
    const prefix = `kt${process.pid}${firewall[0]}: `
    const [written, place, programs] = ['written', 'place', 'programs'].map((name) => join(folder.path, name)) as [string, string, string]
    const path = { PATH: `${programs}:${process.env['PATH']}` }
    let steps: string
    let standing: Standing
    let daemon: ChildProcess
    let log = ''

    const shell = async (command: string): Promise<string> => net.serve(['env', `PATH=${path.PATH}`, 'sh', '-c', command])
    const getsIn = async (from?: string, to: string = SERVER): Promise<boolean> => {
      const source = from === undefined ? [] : ['-s', from]
      return (await net.inClient(['nc', '-z', '-w1', ...source, to, '22'])).code === 0
    }

    beforeAll(async () => {
      mkdirSync(programs)
      // As installed; and it keeps its ledger away from the machine's own.
      writeFileSync(join(programs, 'knocktail'), `#!/bin/sh\nverb=$1; shift\n[ $verb = run ] && set -- "$@" --state-dir ${join(folder.path, 'state')}\nexec ${process.execPath} ${BIN} $verb "$@"\n`, { mode: 0o755 })
      writeFileSync(join(programs, 'ssh'), '#!/bin/sh\nfor host; do :; done\nexec nc -z -w2 $host 22\n', { mode: 0o755 })
      for (const address of [ALWAYS, STRANGER]) await net.addClient(address)
      net.start('server', [process.execPath, '-e', ECHO, '22'])
      await prepare?.(net)
      await eventually(async () => expect(await getsIn()).toBe(true))
      standing = new Standing(net, 22)
      await standing.answers()
      await shell(`knocktail init --yes --kind ${kind} --firewall ${firewall} --log kmsg --host ${SERVER} --always-allow ${ALWAYS} --prefix '${prefix}' --folder ${written} --place ${place} > ${folder.path}/said`)
      steps = readFileSync(join(written, 'NEXT-STEPS'), 'utf8')
    }, LIMIT_MS)
    afterAll(() => {
      daemon?.kill()
      clean?.(net)
    })

    it('says what it has written down, and changes nothing by itself', async () => {
      expect(readFileSync(join(folder.path, 'said'), 'utf8')).toContain(steps.trimEnd())
      expect(await getsIn()).toBe(true)
    })

    it('shuts the door, but not for whoever is always allowed, and not for connections that stand', async () => {
      for (const title of [/Put the files/, /Keep a way back/, /Load the rules/]) for (const command of commandsOf(steps, title)) await shell(command)
      await standing.answers()
      expect(await getsIn()).toBe(false)
      expect(await getsIn(undefined, addressOf('server', 6))).toBe(false)
      expect(await getsIn(ALWAYS)).toBe(true)
    }, LIMIT_MS)

    /** As the steps say, on the client. */
    async function prepareClient(): Promise<void> {
      const home = join(folder.path, 'client/knocktail')
      mkdirSync(home, { recursive: true })
      cpSync(join(written, 'profile.conf'), join(home, 'profiles.conf'))
      if (kind !== 'static') cpSync(join(written, 'admin.secret'), join(home, 'admin.secret'))
    }

    /** With an app's code: by hand. */
    const byHand = (): string => {
      const [, secret] = /secret=([A-Z2-7]+)/.exec(steps)!
      const [, first, second, one, other] = /is knocked as (\d+), (\d+), (\d+), (\d+)\./.exec(steps)!.map(Number)
      const bases = [one! - 1234, other! - 5678]
      return `code=$(oathtool --totp --digits=8 --base32 ${secret}); for port in ${first} ${second} $((${bases[0]} + 10#\${code%????})) $((${bases[1]} + 10#\${code#????})); do nc -z -w1 ${SERVER} $port; done; ssh ${SERVER}`
    }

    /** Throws what the client has said, if it does not come in. */
    const knock = async (): Promise<void> => {
      const [line] = commandsOf(steps, /From elsewhere/)
      const command = ['env', `PATH=${path.PATH}`, `XDG_CONFIG_HOME=${join(folder.path, 'client')}`, 'bash', '-c', kind === 'totp' ? byHand() : line!]
      const { code, stdout, stderr } = await net.inClient(command)
      expect(code, `${stdout}${stderr}\n${log}`).toBe(0)
    }

    const startDaemon = async (run: string, env = {}): Promise<ChildProcess> => {
      log = ''
      const child = net.start('server', ['sh', '-c', `exec ${run}`], { ...path, ...env })
      for (const output of [child.stdout!, child.stderr!]) output.on('data', (chunk: Buffer) => (log += chunk.toString()))
      await eventually(() => expect(log).toContain('"source-running"'))
      return child
    }

    /** In place of the minute that the steps tell one to wait: it was started for the first time some minutes ago. */
    async function startBefore(run: string): Promise<void> {
      const before = await startDaemon(run, { LD_PRELOAD: '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1', FAKETIME: '-180s', FAKETIME_DONT_FAKE_MONOTONIC: '1' })
      const ended = new Promise((resolve) => before.once('exit', resolve))
      before.kill('SIGTERM')
      await ended
    }

    const logged = async (from: string = STRANGER): Promise<number> => Number(await net.serve(['sh', '-c', `dmesg | grep -F '${prefix}' | grep -cF 'SRC=${from} ' || true`]))

    it('runs, opens for the client\'s knock amid a flood of knocks from another address, of which little is logged, and closes', async () => {
      const [check] = commandsOf(steps, /See whether all/)
      expect(await shell(check!)).not.toMatch(/^error|^warning: (?!source log: (?:can be forged|this is a network namespace))/m)
      await prepareClient()
      // So that it need not be waited for so long; nothing else is changed.
      const config = readFileSync(join(place, 'knocktail.conf'), 'utf8')
      writeFileSync(join(place, 'knocktail.conf'), config.replace('open_for = 30s', 'open_for = 2s'))
      const [run] = commandsOf(steps, /Start Knocktail/)
      if (kind !== 'static') await startBefore(run!)
      daemon = await startDaemon(run!)
      expect(await getsIn()).toBe(false)

      // Beside the daemon: each stage of the same knock.
      let shown = ''
      const live = net.start('server', ['sh', '-c', `exec ${check} --live --for 30s`], path)
      for (const output of [live.stdout!, live.stderr!]) output.on('data', (chunk: Buffer) => (shown += chunk.toString()))
      const liveCode = new Promise((resolve) => live.once('exit', resolve))
      await eventually(() => expect(shown).toContain('source log is being followed'))

      const begunMs = performance.now()
      const [, port] = /^(?:sequence|port_range) = (\d+)/m.exec(config)!
      // As the canary does.
      await net.inServer(['nc', '-z', '-w1', '-s', SERVER, SERVER, port!])
      // nc may have sent its SYN again before it gave up.
      await eventually(async () => expect(await logged(SERVER)).toBeGreaterThan(0))
      const flood = net.start('client', ['hping3', '-q', '-S', '-i', 'u500', '-p', port!, '-a', STRANGER, SERVER])
      let said = ''
      flood.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()))
      await eventually(async () => expect(await logged()).toBeGreaterThan(15))
      await knock()
      expect(await liveCode, shown).toBe(0)
      const count = kind === 'hmac' ? 5 : 4
      for (let step = 1; step < count; step++) expect(shown).toMatch(new RegExp(`^${addressOf('client', 4)} .* step ${step} of ${count} of ssh`, 'm'))
      expect(shown).toContain('the daemon would do it: open 22/tcp for 2s by')
      expect(await getsIn(STRANGER)).toBe(false)
      await eventually(() => expect(log).toContain('"event":"closed"'))
      expect(await getsIn()).toBe(false)
      const ended = new Promise((resolve) => flood.once('exit', resolve))
      flood.kill('SIGINT')
      await ended
      const most = 20 * ((performance.now() - begunMs) / 1000 + 2)
      expect(await logged()).toBeLessThan(most)
      expect(Number(/(\d+) packets transmitted/.exec(said)![1])).toBeGreaterThan(2 * most)
      await standing.answers()
    }, LIMIT_MS)

    it('is taken away again by the script that the way back runs, which is not run any more', async () => {
      const [stop] = commandsOf(steps, /When it works/)
      await shell(stop!)
      await eventually(async () => expect((await net.inServer(['pgrep', '-f', `${place}/undo.sh`])).code).toBe(1))
      expect(await getsIn(STRANGER)).toBe(false)
      await shell(`sh ${place}/undo.sh`)
      expect(await getsIn(undefined, addressOf('server', 6))).toBe(true)
      expect(await getsIn(STRANGER)).toBe(true)
      await standing.answers()
      const { code, stdout } = await net.inServer(['env', `PATH=${path.PATH}`, 'sh', '-c', commandsOf(steps, /See whether all/)[0]!])
      expect([code, stdout]).toEqual([1, expect.stringContaining('error: source log: no rule of nft or iptables logs with the prefix')])
    }, LIMIT_MS)
  })
}

systemTest(['ip', 'nft', 'iptables', 'ip6tables'])('rules that init writes', () => {
  const net = useNetns()
  const use = { ephemeral: { low: 32_768, high: 60_999 }, inUse: new Set([22]) }
  const filesOf = (firewall: DoorFirewall, kind: KnockKind, proto: 'tcp' | 'udp') => setupOf({
    rule: 'door', port: { proto, port: 2222 as Port }, firewall, follow: 'kmsg', prefix: 'knock: ', alwaysAllow: ['198.51.100.7', '203.0.113.0/24', '2001:db8:7::/48'].map((text) => parseNetwork(text)!),
    hasConsole: true, host: 'gate', hostId: 'gate', user: 'alice', knock: drawKnock(kind, use, (limit) => randomInt(limit))!, folder: '/etc/knocktail', place: '/etc/knocktail',
  }).files
  const all = (['hmac', 'totp', 'static'] as const).flatMap((kind) => (['tcp', 'udp'] as const).map((proto) => [kind, proto] as const))

  it.each(all)('are rules to nft, to be loaded again and again: %s, %s', async (kind, proto) => {
    const { text } = filesOf('nftables', kind, proto).find(({ name }) => name === 'door.nft')!
    for (const _ of [1, 2]) await net.serve(['nft', '-f', '-'], text)
    const rules = await net.serve(['nft', 'list', 'table', 'inet', 'knocktail'])
    expect(rules.match(/198\.51\.100\.7|2001:db8:7::\/48/g)).toHaveLength(2)
    expect(rules.match(/log prefix "knock: "/g)).toHaveLength(1)
  })

  it.each(all)('are rules to iptables and ip6tables, and its undo.sh leaves nothing of them: %s, %s', async (kind, proto) => {
    const before = await net.serve(['sh', '-c', 'iptables -S; ip6tables -S'])
    const files = filesOf('iptables', kind, proto)
    for (const [program, file] of [['iptables-restore', 'door.rules'], ['ip6tables-restore', 'door6.rules']] as const) {
      const { text } = files.find(({ name }) => name === file)!
      await net.serve([program, '-n', '--test'], text)
      await net.serve([program, '-n'], text)
    }
    expect((await net.serve(['iptables', '-S'])).match(/-s (?:198\.51\.100\.7|203\.0\.113\.0)/g)).toHaveLength(2)
    await net.serve(['sh'], files.find(({ name }) => name === 'undo.sh')!.text)
    expect(await net.serve(['sh', '-c', 'iptables -S; ip6tables -S'])).toBe(before)
  })
})
