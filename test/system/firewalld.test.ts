import type { ChildProcess } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Address } from '../../parsers/address.ts'
import type { Port } from '../../parsers/event.ts'
import type { Firewall } from '../../src/firewalls/firewall.ts'
import { openFirewalld } from '../../src/firewalls/firewalld.ts'
import { richRule } from '../../src/firewalls/firewalld-rules.ts'
import { findProgram, type Ran, type Runner } from '../../src/firewalls/run.ts'
import { eventually } from '../support/eventually.ts'
import { CLIENTS, describeFirewall, hangingRunner } from '../support/firewall-suite.ts'
import { useNetns } from '../support/netns.ts'
import { useFolder } from '../support/run.ts'
import { systemTest } from '../support/system.ts'

const SSH = { proto: 'tcp', port: 22 as Port } as const
const { first, second, sixth } = CLIENTS
const DONE = { kind: 'done' }
const START_MS = 30_000

/** A bus of our own, where nothing is started on demand: PolicyKit is not there, and root needs none. */
const BUS = (socket: string): string => `<busconfig>
  <type>system</type><listen>${socket}</listen><auth>EXTERNAL</auth>
  <policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/></policy>
</busconfig>`

const ZONE = '<?xml version="1.0" encoding="utf-8"?>\n<zone>\n  <service name="dhcpv6-client"/>\n</zone>\n'

systemTest(['firewalld', 'firewall-cmd', 'dbus-daemon', 'ip'])('firewalld', () => {
  const net = useNetns()
  const folder = useFolder()
  let daemon: ChildProcess
  let env: Readonly<Record<string, string>>

  const run: Runner = (command) => net.runner({ ...command, env })
  const hour = (address: Address) => ({ address, seconds: 3600 })
  const openIn = (runner: Runner = run, settings = {}): Firewall =>
    openFirewalld({ firewall: 'firewalld', settings, port: SSH }, 'knocktail ssh', { run: runner, find: findProgram })

  function firewallCmd(...args: readonly string[]): Promise<Ran> {
    return run({ program: '/usr/bin/firewall-cmd', args, timeLimitMs: START_MS, onTimeLimit: 'group' })
  }

  async function must(...args: readonly string[]): Promise<string> {
    const ran = await firewallCmd(...args)
    if (ran.code !== 0) throw new Error(`firewall-cmd ${args.join(' ')}: ${ran.stderr}`)
    return ran.stdout
  }

  async function startFirewalld(): Promise<void> {
    daemon = quietly(net.start('server', ['firewalld', '--nofork', '--nopid', '--system-config', join(folder.path, 'etc'), '--log-file', join(folder.path, 'log')], env))
    await eventually(async () => expect((await firewallCmd('--state')).code).toBe(0), START_MS)
  }

  async function clean(): Promise<void> {
    rmSync(join(folder.path, 'etc/zones'), { recursive: true, force: true })
    mkdirSync(join(folder.path, 'etc/zones'), { recursive: true })
    writeFileSync(join(folder.path, 'etc/zones/public.xml'), ZONE)
    await must('--reload')
  }

  beforeAll(async () => {
    const socket = `unix:path=${join(folder.path, 'bus')}`
    env = { DBUS_SYSTEM_BUS_ADDRESS: socket }
    mkdirSync(join(folder.path, 'etc/zones'), { recursive: true })
    writeFileSync(join(folder.path, 'etc/zones/public.xml'), ZONE)
    writeFileSync(join(folder.path, 'bus.conf'), BUS(socket))
    quietly(net.start('server', ['dbus-daemon', `--config-file=${join(folder.path, 'bus.conf')}`, '--nofork', '--nopidfile', '--nosyslog']))
    await startFirewalld()
    await net.addClient(second)
    await net.listen(22)
  }, 2 * START_MS)

  afterAll(() => void daemon.kill())

  describeFirewall('firewalld', {
    open: () => openIn(),
    openHanging: () => openIn(hangingRunner),
    getsIn: (address) => net.canConnect(22, address.includes(':') ? 6 : 4, address),
    putForeign: (address) => must(`--add-rich-rule=${richRule(address, SSH)}`),
    wipe: (address) => must(`--remove-rich-rule=${richRule(address, SSH)}`),
    clean,
    faults: [
      ['a port that is open for everybody', () => must('--add-port=20-30/tcp'), /zone has 22\/tcp open for everyone/],
      ['a service that is open for everybody', () => must('--add-service=ssh'), /zone has service ssh open for everyone.*firewall-cmd --permanent --remove-service=ssh/],
      ['a zone that accepts everything', async () => {
        await must('--permanent', '--zone=public', '--set-target=ACCEPT')
        await must('--reload')
      }, /the zone accepts everything/],
    ],
  })

  it('knows a rule by the text that firewalld prints', async () => {
    await clean()
    await openIn().add([hour(first), hour(sixth)])
    expect((await must('--list-rich-rules')).trim().split('\n').toSorted()).toEqual([richRule(first, SSH), richRule(sixth, SSH)].toSorted())
  })

  it('extends for good: the end that a rule had before is forgotten', async () => {
    await clean()
    const firewall = openIn()
    await firewall.add([{ address: first, seconds: 2 }, { address: second, seconds: 3 }])
    expect(await firewall.renew([hour(first)])).toEqual([DONE])
    await eventually(async () => expect(await firewall.list()).toMatchObject({ entries: [{ address: first, mark: 'unmarked' }] }))
    expect(await firewall.list()).toMatchObject({ entries: { length: 1 } })
    expect(await net.canConnect(22)).toBe(true)
  })

  it('is back after --reload, with the time that is asked for', async () => {
    await clean()
    const firewall = openIn()
    await firewall.add([hour(first)])
    await must('--reload')
    expect(await net.canConnect(22)).toBe(false)
    expect(await firewall.list()).toEqual({ kind: 'listed', entries: [] })
    expect(await firewall.renew([{ address: first, seconds: 100 }])).toEqual([DONE])
    expect(await net.canConnect(22)).toBe(true)
  })

  it('does not know when rules of another process end', async () => {
    await clean()
    await openIn().add([hour(first)])
    expect(await openIn().list()).toEqual({ kind: 'listed', entries: [{ address: first, seconds: undefined, mark: 'unmarked' }] })
  })

  it('leaves a permanent rule of the admin\'s alone, whatever it is asked', async () => {
    await clean()
    await must('--permanent', `--add-rich-rule=${richRule(first, SSH)}`)
    await must('--reload')
    const firewall = openIn()
    expect(await firewall.add([hour(first)])).toEqual([{ kind: 'foreign' }])
    expect(await firewall.renew([hour(first)])).toEqual([{ kind: 'foreign' }])
    expect(await firewall.remove([first])).toEqual([DONE])
    expect(await firewall.list()).toMatchObject({ entries: [{ address: first, mark: 'foreign' }] })
    expect(await net.canConnect(22)).toBe(true)
  })

  it('lists no rules that say more, or the same in other words', async () => {
    await clean()
    for (const text of [`rule priority="-5" ${richRule(first, SSH).slice(5)}`, richRule(first, SSH).replace(first, '192.0.2.2/32'), richRule(first, SSH).replace('accept', 'log prefix="x" accept')]) {
      await must(`--add-rich-rule=${text}`)
    }
    expect(await openIn().list()).toEqual({ kind: 'listed', entries: [] })
  })

  it('works in the zone that is configured', async () => {
    await clean()
    expect(await openIn(run, { zone: ['work'] }).add([hour(first)])).toEqual([DONE])
    expect(await must('--zone=work', '--list-rich-rules')).toContain(first)
    expect(await must('--list-rich-rules')).toBe('\n')
    const nowhere = openIn(run, { zone: ['nowhere'] })
    expect((await nowhere.check())[0]!.message).toMatch(/no zone nowhere: firewall-cmd --permanent --new-zone=nowhere/)
    expect((await nowhere.add([hour(first)]))[0]).toMatchObject({ kind: 'failed', why: expect.stringMatching(/INVALID_ZONE/) })
  })

  it('touches no file of the admin\'s', async () => {
    await clean()
    const firewall = openIn()
    await firewall.add([hour(first)])
    await firewall.remove([first])
    expect(readFileSync(join(folder.path, 'etc/zones/public.xml'), 'utf8')).toBe(ZONE)
  })

  it('says that firewalld is not running', async () => {
    const gone = new Promise((resolve) => daemon.once('exit', resolve))
    daemon.kill()
    await gone
    const firewall = openIn()
    expect(await firewall.add([hour(first)])).toEqual([{ kind: 'failed', why: expect.stringMatching(/not running/) }])
    expect(await firewall.list()).toMatchObject({ kind: 'failed' })
    expect((await firewall.check())[0]).toMatchObject({ severity: 'error', message: expect.stringMatching(/firewalld is not running: systemctl start firewalld/) })
    await startFirewalld()
  }, START_MS)
})

/** A full pipe would stop it. */
function quietly(child: ChildProcess): ChildProcess {
  child.stdout!.resume()
  child.stderr!.resume()
  return child
}
