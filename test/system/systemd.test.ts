import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { serviceOf } from '../../src/init/service.ts'
import { Booted } from '../support/booted.ts'
import { useNamespaceLog } from '../support/door.ts'
import { eventually } from '../support/eventually.ts'
import { commandsOf, readPage } from '../support/page.ts'
import { systemTest } from '../support/system.ts'

/** The shipped units on a machine that systemd has booted, installed by the commands of the page and, once more, by those that init prints. */

const PAGE = fileURLToPath(new URL('../../docs/linux-nftables.md', import.meta.url))
const [OWN, OURS] = ['198.18.77.2', '198.18.77.1']
const PREFIX = `kt${process.pid}y: `
const PORTS = [7411, 8411, 9411]

const DOOR = `flush ruleset
table inet filter {
  set knock4 { type ipv4_addr; flags timeout; }
  chain input {
    type filter hook input priority 0; policy accept;
    tcp dport { ${PORTS.join(', ')} } tcp flags syn / syn,ack log prefix "${PREFIX}" reject with tcp reset
  }
}
`
const CONFIG = `[knocktail]
firewall = nftables
[source kernel]
follow = kmsg
prefix = "${PREFIX}"
[firewall nftables]
set4 = inet filter knock4
[ssh]
sequence = ${PORTS.join(', ')}
ports = 22/tcp
open_for = 10m
`

systemTest(['systemd-nspawn', 'nsenter', 'ip', 'nft', 'pgrep'])('a machine that systemd has booted', () => {
  useNamespaceLog()
  const machine = new Booted()

  beforeAll(async () => {
    await machine.boot({ own: OWN, ours: OURS })
    await write('/etc/nftables.conf', DOOR)
    await write('/etc/knocktail/knocktail.conf', CONFIG)
    await runByHand()
    for (const command of [...installCommands(), ...initCommands()]) await machine.do(['sh', '-c', `cd /opt/knocktail && ${command}`])
  }, 90_000)
  afterAll(() => machine.halt(), 30_000)

  /** As the page begins, before there is a user of its own: what stays of it must not keep the units from working. */
  async function runByHand(): Promise<void> {
    await machine.run(['userdel', 'knocktail'])
    await machine.do(['sh', '-c', 'nft -f /etc/nftables.conf; timeout 3 knocktail run -c /etc/knocktail/knocktail.conf | grep source-running'])
    expect(await machine.do(['stat', '-c', '%U', '/var/lib/knocktail/ledger.a'])).toBe('nobody\n')
  }

  const write = (path: string, text: string): Promise<string> => machine.do(['sh', '-c', 'mkdir -p "$(dirname "$1")" && printf %s "$2" > "$1"', 'sh', path, text])
  const property = async (name: string): Promise<string> => (await machine.do(['systemctl', 'show', '-P', name, 'knocktail.service'])).trim()
  const isOpen = async (): Promise<boolean> => (await machine.do(['nft', 'list', 'set', 'inet', 'filter', 'knock4'])).includes(OURS)
  const knock = async (): Promise<void> => {
    for (const port of PORTS) {
      await new Promise((resolve) => connect(port, OWN).on('error', resolve).on('connect', resolve))
      await sleep(30)
    }
  }

  it('runs the daemon and its helper, each with its rights, and opens', async () => {
    await eventually(async () => expect(await property('StatusText')).toBe('1 of 1 sources are followed, 0 doors open'))
    await knock()
    await eventually(async () => expect(await isOpen()).toBe(true))
    expect(await machine.do(['systemctl', '--failed', '--no-legend'])).toBe('')
    expect((await machine.run(['knocktail', 'status'])).stdout).toContain('source kernel (kmsg): running')
  }, 60_000)

  it('starts a daemon again that was killed, which knows what is open, and closes it when told to', async () => {
    const before = await property('MainPID')
    await machine.do(['kill', '-9', before])
    await eventually(async () => expect([before, '0']).not.toContain(await property('MainPID')))
    await eventually(async () => expect(await property('StatusText')).toBe('1 of 1 sources are followed, 1 door open'))
    expect(await isOpen()).toBe(true)
    await machine.do(['knocktail', 'close', OURS])
    await eventually(async () => expect(await isOpen()).toBe(false))
  }, 60_000)

  it('stops it, and nothing of it stays', async () => {
    await machine.do(['systemctl', 'stop', 'knocktail.service'])
    await eventually(async () => expect((await machine.run(['pgrep', '-f', 'knocktail'])).stdout).toBe(''))
    expect(await property('Result')).toBe('success')
  }, 60_000)
})

function initCommands(): readonly string[] {
  return serviceOf({ firewall: 'nftables', follow: 'kmsg', knock: { kind: 'static', ports: PORTS }, user: 'alice', place: '/etc/knocktail' }, true, 'packaging').commands
}

/** Those by which the page puts the units into place. */
function installCommands(): string[] {
  const blocks = readPage(PAGE).filter(({ text }) => text.includes('systemctl enable'))
  expect(blocks).toHaveLength(1)
  return blocks.flatMap(commandsOf)
}
