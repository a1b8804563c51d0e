import { chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, expect, it } from 'vitest'
import type { Port } from '../../parsers/event.ts'
import type { Micros } from '../../parsers/time.ts'
import { hmacPorts } from '../../rules/derive/hmac-ports.ts'
import { tokenOf } from '../../rules/derive/mac.ts'
import { formatSecret, parseSecret } from '../../rules/derive/secret.ts'
import { timeStepAt } from '../../rules/derive/time-step.ts'
import { Spent } from '../../rules/spent.ts'
import { Grants } from '../../src/grants/grants.ts'
import { InHand } from '../../src/grants/in-hand.ts'
import { KeyRecords } from '../../src/grants/key-records.ts'
import { Ledger } from '../../src/grants/ledger.ts'
import { Paused } from '../../src/grants/paused.ts'
import { Matches } from '../../src/grants/matches.ts'
import { knock, useNamespaceLog } from '../support/door.ts'
import { eventually } from '../support/eventually.ts'
import { LiveDaemon } from '../support/live.ts'
import { addressOf, useNetns } from '../support/netns.ts'
import { useFolder } from '../support/run.ts'
import { systemTest } from '../support/system.ts'

/** Knocks that prove a secret, made by other programs and sent over a network: oathtool and nc, and a request to a real web server. */

const CLIENT = addressOf('client', 4)
const WATCHER = '192.0.2.11'
const SECRET = formatSecret(new TextEncoder().encode('of the phone, 20 B..'))
const BOBS_SECRET = formatSecret(new TextEncoder().encode('of somebody else, 27 bytes.'))
/** A user of every Debian, with a group of his own: the daemon needs one, to read secrets again at a reload. */
const GAMES = 60
const PREFIX_PORTS = [7412, 31_877]

systemTest(['ip', 'nft', 'nc', 'cat', 'oathtool', 'nginx', 'curl'])('of what a watcher has recorded', () => {
  useNamespaceLog()
  const netns = useNetns()
  const folder = useFolder()
  const prefix = `kt${process.pid}s: `
  let daemon: LiveDaemon
  let logFile: string

  beforeAll(async () => {
    await netns.serve(['nft', '-f', '-'], `table inet filter {
  set knock4 { type ipv4_addr; flags timeout; }
  set knock6 { type ipv6_addr; flags timeout; }
  chain input {
    type filter hook input priority 0; policy accept;
    ct state established accept
    tcp dport 22 ip saddr @knock4 accept
    tcp dport 22 drop
    tcp dport 1024-65535 tcp flags syn / fin,syn,rst,ack log prefix "${prefix}" reject with tcp reset
  }
}
`)
    await netns.addClient(WATCHER)
    const work = join(folder.path, 'nginx')
    mkdirSync(work)
    logFile = join(work, 'access.log')
    writeFileSync(join(work, 'nginx.conf'), `daemon off; pid ${work}/pid; error_log ${work}/error.log;
events {} http { access_log ${logFile} combined; server { listen 80; location / { return 404; } } }\n`)
    netns.start('server', ['nginx', '-p', work, '-c', join(work, 'nginx.conf')])
  })
  afterEach(() => daemon.stop())

  /** As if it had run for ten minutes: with a ledger that was begun now, it would be deaf for a minute. */
  async function beginLedger(stateDir: string): Promise<void> {
    const now = (): Micros => (Date.now() * 1000) as Micros
    const ledger = new Ledger(join(stateDir, 'ledger'))
    await ledger.open()
    ledger.keep({ boot: 'another', begun: () => (now() - 600e6) as Micros, grants: new Grants({ wall: now, boot: now }), keys: new KeyRecords(), matches: new Matches(0 as Micros), spent: new Spent(), paused: new Paused(), inHand: new InHand() })
    await ledger.save()
    await ledger.close()
  }

  async function start(rule: string, { isNew = false, openFor = '1s' } = {}): Promise<void> {
    // What the test before left open would be renewed, not opened, for who knocks while it is being closed.
    await netns.serve(['nft', 'flush', 'set', 'inet', 'filter', 'knock4'])
    const [secret, bobs] = ['alice', 'bob'].map((name) => join(folder.path, `${name}.secret`))
    for (const [path, text] of [[secret!, SECRET], [bobs!, BOBS_SECRET]] as const) {
      rmSync(path, { force: true })
      writeFileSync(path, text, { mode: 0o640 })
      chownSync(path, 0, GAMES)
    }
    daemon = new LiveDaemon(netns, {
      folder: folder.path, config: `[knocktail]
firewall = nftables
host_id = gate
user = games
[source kernel]
follow = kmsg
prefix = "${prefix}"
[source web]
follow = file:${logFile}
parser = clf
[firewall nftables]
set4 = inet filter knock4
set6 = inet filter knock6
[user alice]
secret = ${secret}
[user bob]
secret = ${bobs}
[ssh]
${rule}
users = alice, bob
ports = 22/tcp
open_for = ${openFor}
`,
    })
    if (!isNew) {
      await daemon.stop()
      await beginLedger(daemon.stateDir)
      daemon.records.length = 0
      daemon.restart()
    }
    await daemon.until('source-running', 2)
  }

  const request = async (from: string, step: number): Promise<void> => {
    const token = tokenOf(parseSecret(SECRET)!, { hostId: 'gate', rule: 'ssh', user: 'alice', timeStep: step })
    await netns.inClient(['curl', '-s', '-X', 'POST', '--interface', from, `http://${addressOf('server', 4)}/knock/${token}`])
  }
  const drawn = (step: number, user = 'alice', secret = SECRET): number[] => hmacPorts(parseSecret(secret)!, { hostId: 'gate', rule: 'ssh', user, timeStep: step }, { knocks: 5, low: 10_000 as Port, high: 59_999 as Port })
  const timeStep = (): number => timeStepAt((Date.now() * 1000) as Micros)

  /** The code that the phone would show that many time steps from now, as ports. */
  async function codePorts(steps: number, now = Date.now()): Promise<number[]> {
    const seconds = Math.floor(now / 1000) + 30 * steps
    const { stdout } = await netns.inClient(['oathtool', '--totp', '-b', '-d', '8', '--now', `@${seconds}`, SECRET])
    const code = stdout.trim()
    expect(code).toMatch(/^\d{8}$/)
    return [...PREFIX_PORTS, 20_000 + Number(code.slice(0, 4)), 40_000 + Number(code.slice(4))]
  }

  /** Nothing of it opens: a knock that opens comes after it, so that it is known to have been read. */
  const opened = (): number => daemon.named('open').length
  /** On a fast machine the next knock comes while the door of the first still stands. */
  const openedOrExtended = (): number => opened() + daemon.named('extend').length

  async function restartBy(signal: NodeJS.Signals): Promise<void> {
    const ended = new Promise((resolve) => daemon.child.once('exit', resolve))
    daemon.signal(signal)
    await ended
    const runs = daemon.named('source-running').length
    daemon.restart()
    await daemon.until('source-running', runs + 2)
  }

  it('a code opens nothing again: at once, after a restart, after kill -9; a code of before it neither, the next one does', async () => {
    await start('sequence = 7412, 31877, totp')
    const now = Date.now()
    await knock(netns, CLIENT, await codePorts(-2, now))
    await daemon.until('failure')
    await knock(netns, CLIENT, await codePorts(0, now))
    expect(await daemon.until('opened')).toMatchObject({ address: CLIENT })
    expect(daemon.named('open')).toMatchObject([{ user: 'alice' }])
    const recorded = [await codePorts(0, now), await codePorts(-1, now)]
    for (const [index, signal] of ([undefined, 'SIGTERM', 'SIGKILL'] as const).entries()) {
      if (signal) await restartBy(signal)
      for (const ports of recorded) await knock(netns, WATCHER, ports)
      await daemon.until('failure', 1 + 2 * (index + 1))
    }
    expect(daemon.named('failure')[1]).toMatchObject({ user: 'alice', why: 'spent' })
    expect(opened()).toBe(1)
    await knock(netns, CLIENT, await codePorts(1, now))
    await daemon.untilTrue(() => openedOrExtended() === 2, 'the next code opens')
  }, 60_000)

  it('drawn ports open nothing again, though strangers\' packets in the same name do not keep the first from opening', async () => {
    await start('sequence = hmac')
    const step = timeStep()
    const ports = drawn(step)
    await knock(netns, CLIENT, ports.flatMap((port, index) => [1500 + index, port, 60_001 + index]))
    await daemon.until('opened')
    for (const signal of [undefined, 'SIGTERM', 'SIGKILL'] as const) {
      if (signal) await restartBy(signal)
      await knock(netns, WATCHER, ports)
      await knock(netns, CLIENT, ports)
    }
    await knock(netns, CLIENT, drawn(step + 1))
    await daemon.untilTrue(() => openedOrExtended() === 2, 'the next ports open')
  }, 60_000)

  it('a token opens nothing again', async () => {
    await start('sequence = token')
    const step = timeStep()
    await request(CLIENT, step)
    await daemon.until('opened')
    for (const [index, signal] of ([undefined, 'SIGTERM', 'SIGKILL'] as const).entries()) {
      if (signal) await restartBy(signal)
      await request(WATCHER, step)
      await daemon.until('failure', index + 1)
    }
    expect(opened()).toBe(1)
  }, 60_000)

  it('and of a user who was taken out of the configuration nothing stays open, while another one\'s door at the same address does', async () => {
    await start('sequence = hmac', { openFor: '60s' })
    await netns.listen(22)
    await knock(netns, CLIENT, drawn(timeStep()))
    await knock(netns, CLIENT, drawn(timeStep(), 'bob', BOBS_SECRET))
    await daemon.until('open', 2)
    await daemon.until('opened')
    const reload = async (users: string): Promise<void> => {
      daemon.configure(daemon.config.replace(/^users = .*$/m, `users = ${users}`))
      daemon.signal('SIGHUP')
    }
    await reload('alice')
    expect(await daemon.until('close')).toMatchObject({ user: 'bob', address: CLIENT })
    await daemon.until('config-loaded')
    expect(await netns.canConnect(22)).toBe(true)
    await reload('bob')
    await daemon.until('close', 2)
    expect(daemon.named('close').map(({ user }) => user)).toEqual(['bob', 'alice'])
    await eventually(async () => expect(await netns.canConnect(22)).toBe(false))
  })

  it('whatever it was, nothing is taken for new where the ledger is lost', async () => {
    await start('sequence = 7412, 31877, totp', { isNew: true })
    for (const steps of [-1, 0, 1]) await knock(netns, WATCHER, await codePorts(steps))
    expect((await daemon.until('failure', 3)).text).toContain('counts as used')
    expect(daemon.named('time-based-wait')[0]!.text).toMatch(/of the time from \d\d:\d\d:\d\d UTC on do$/)
    expect(opened()).toBe(0)
  })
})
