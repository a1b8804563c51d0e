import { chownSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, beforeEach, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { endHelpersAfterEach, helperArgv, startProcess, targetsOf, type HelperProcess } from '../support/helper-process.ts'
import { useNetns } from '../support/netns.ts'
import { useFolder } from '../support/run.ts'
import { systemTest } from '../support/system.ts'

const NOBODY = 65_534
const RULESET = `
  flush ruleset
  table inet filter {
    set knock4 { type ipv4_addr; flags timeout; }
    set knock6 { type ipv6_addr; flags timeout; }
    chain input {
      type filter hook input priority 0; policy drop;
      ip6 nexthdr icmpv6 accept
      ip saddr @knock4 tcp dport 22 accept
      ip6 saddr @knock6 tcp dport 22 accept
    }
  }`

systemTest(['ip', 'nft', 'setpriv'])('the helper and nftables', () => {
  const net = useNetns()
  const folder = useFolder()
  const config = folder.write('knocktail.conf', `
[knocktail]
firewall = nftables
[firewall nftables]
set4 = inet filter knock4
set6 = inet filter knock6
[ssh]
sequence = 7000, 8000, 9000
ports = 22/tcp
open_for = 30s
`)
  let count = 0
  let ssh = ''
  endHelpersAfterEach()
  beforeAll(async () => {
    ssh = (await targetsOf(config)).get('ssh')!
    await net.listen(22)
  })
  beforeEach(() => net.serve(['nft', '-f', '-'], RULESET))

  function start(asWhom: readonly string[] = []): Promise<HelperProcess> {
    const stateDir = join(folder.path, `state${++count}`)
    mkdirSync(stateDir)
    if (asWhom.length > 0) chownSync(stateDir, NOBODY, NOBODY)
    return startProcess(['ip', 'netns', 'exec', net.nameOf('server'), ...asWhom, ...helperArgv(config, stateDir)])
  }

  const nobody = (...caps: readonly string[]): string[] => ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', ...caps]
  const netAdmin = ['--inh-caps=+net_admin', '--ambient-caps=+net_admin']

  it.each([['root', []], ['nobody with CAP_NET_ADMIN', nobody(...netAdmin)]])('as %s it lets a client in and out', async (_, asWhom) => {
    const helper = await start(asWhom)
    expect(await helper.ask(`check ${ssh}`)).toEqual(['done'])
    for (const [family, address] of [[4, '192.0.2.2'], [6, '2001:db8::2']] as const) {
      expect(await net.canConnect(22, family)).toBe(false)
      expect(await helper.ask(`add ${ssh} ${address} 60`)).toEqual(['done'])
      expect(await net.canConnect(22, family)).toBe(true)
      expect(await helper.ask(`list ${ssh}`)).toEqual([expect.stringMatching(`^entry ${address} (?:59|60|61) ours$`), 'done'])
      expect(await helper.ask(`remove ${ssh} ${address}`)).toEqual(['done'])
      expect(await net.canConnect(22, family)).toBe(false)
    }
  })

  it('as nobody without it says what it needs', async () => {
    const helper = await start(nobody())
    expect(await helper.ask(`add ${ssh} 192.0.2.2 60`)).toEqual([expect.stringMatching(/^failed ".*Operation not permitted/)])
    expect(await helper.ask(`check ${ssh}`)).toEqual([expect.stringMatching(/^finding error ".*CAP_NET_ADMIN/), expect.stringMatching(/^finding/), 'done'])
  })

  it('tells when others change the ruleset, and not when it does itself', async () => {
    const helper = await start(nobody(...netAdmin))
    const changes = (): number => helper.lines.filter((line) => line === '- changed nftables').length
    await eventually(async () => {
      await net.serve(['nft', 'add', 'set', 'inet', 'filter', 'other', '{ type ipv4_addr; }'])
      expect(changes()).toBeGreaterThan(0)
    })
    await new Promise((resolve) => setTimeout(resolve, 700))
    const before = changes()
    for (let turn = 0; turn < 5; turn++) {
      await helper.ask(`add ${ssh} 192.0.2.2 60`)
      await helper.ask(`remove ${ssh} 192.0.2.2`)
    }
    await helper.ask(`add ${ssh} 192.0.2.2 60`)
    await new Promise((resolve) => setTimeout(resolve, 700))
    expect(changes()).toBe(before)
    const begun = performance.now()
    await net.serve(['nft', 'flush', 'ruleset'])
    await eventually(() => expect(changes()).toBe(before + 1))
    expect(performance.now() - begun).toBeLessThan(1000)
  })

  it('leaves it to the kernel to close when the front dies', async () => {
    const helper = await start()
    await helper.ask(`add ${ssh} 192.0.2.2 2`)
    helper.abandon()
    expect(await helper.ended).toBe(0)
    expect(await net.canConnect(22)).toBe(true)
    await eventually(async () => expect(await net.canConnect(22)).toBe(false))
  })

  it('leaves nothing running', async () => {
    const helper = await start()
    await helper.ask(`add ${ssh} 192.0.2.2 60`)
    const programs = async (): Promise<string> => {
      const { stdout } = await net.inServer(['sh', '-c', `for pid in $(ip netns pids ${net.nameOf('server')}); do cat /proc/$pid/comm; done 2>/dev/null`])
      return stdout.split('\n').filter((name) => name === 'nft').join()
    }
    expect(await programs()).toBe('nft,nft')
    helper.child.kill('SIGKILL')
    await eventually(async () => expect(await programs()).toBe(''))
  })
})
