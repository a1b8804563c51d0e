import { beforeAll, beforeEach, expect, it } from 'vitest'
import { parseAddress, type Address } from '../../parsers/address.ts'
import type { Port } from '../../parsers/event.ts'
import type { Firewall } from '../../src/firewalls/firewall.ts'
import { openIptables } from '../../src/firewalls/iptables.ts'
import { findProgram, type Runner } from '../../src/firewalls/run.ts'
import { CLIENTS, describeFirewall, hangingRunner } from '../support/firewall-suite.ts'
import { useNetns, type Netns } from '../support/netns.ts'
import { systemTest } from '../support/system.ts'

const SSH = { proto: 'tcp', port: 22 as Port } as const
const { first, second, sixth } = CLIENTS

const programFor = (address: string): string => (address.includes(':') ? 'ip6tables' : 'iptables')
const ruleFor = (address: string): string[] => ['-s', address, '-p', 'tcp', '--dport', '22']

const RULES = `*filter
:INPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT
-A INPUT -p tcp -j REJECT --reject-with tcp-reset
COMMIT
`

async function load(net: Netns, rules = RULES): Promise<void> {
  await net.serve(['iptables-restore'], rules.replace('ipv6-icmp', 'icmp'))
  await net.serve(['ip6tables-restore'], rules)
}

function openIn(net: Netns, run: Runner = net.runner, label = 'knocktail ssh'): Firewall {
  return openIptables({ firewall: 'iptables', settings: {}, port: SSH }, label, { run, find: findProgram })
}

const chain = (net: Netns, name: string): Promise<string> => net.serve(['iptables', '-S', name])

systemTest(['iptables', 'ip6tables', 'ip'])('rules in a chain of our own', () => {
  const net = useNetns()
  beforeAll(async () => {
    await net.addClient(second)
    await net.listen(22)
  })

  describeFirewall('iptables', {
    open: () => openIn(net),
    openHanging: () => openIn(net, hangingRunner),
    getsIn: (address) => net.canConnect(22, address.includes(':') ? 6 : 4, address),
    putForeign: async (address) => {
      const program = programFor(address)
      await net.serve([program, '-N', 'KNOCKTAIL'])
      await net.serve([program, '-A', 'KNOCKTAIL', ...ruleFor(address), '-j', 'ACCEPT'])
      await net.serve([program, '-I', 'INPUT', '-j', 'KNOCKTAIL'])
    },
    wipe: (address) => net.serve([programFor(address), '-F', 'KNOCKTAIL']),
    clean: () => load(net),
    faults: [
      ['a port that is open for everybody', () => net.serve(['iptables', '-I', 'INPUT', '-p', 'tcp', '--dport', '20:30', '-j', 'ACCEPT']), /iptables: rule 1 of INPUT accepts 22\/tcp from everywhere/],
      ['an INPUT that drops nothing', () => load(net, '*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n'), /ip6tables: the policy of INPUT accepts, and no rule drops 22\/tcp/],
      ['a jump that comes too late', async () => {
        await openIn(net).add([{ address: first, seconds: 60 }])
        await net.serve(['iptables', '-I', 'INPUT', '-p', 'tcp', '-j', 'DROP'])
      }, /rule 1 of INPUT takes 22\/tcp before it comes to chain KNOCKTAIL: iptables -D INPUT -j KNOCKTAIL; iptables -I INPUT 1 -j KNOCKTAIL/],
    ],
  })
})

systemTest(['iptables', 'ip6tables', 'ip'])('iptables itself', () => {
  const net = useNetns()
  const hour = (address: Address) => ({ address, seconds: 3600 })
  beforeAll(async () => {
    await net.addClient(second)
    await net.listen(22)
  })
  beforeEach(() => load(net))

  it('puts its jump before the first rule that rejects, and marks its rules', async () => {
    await openIn(net).add([hour(first), hour(second)])
    expect(await chain(net, 'INPUT')).toMatch(/--dport 80 -j ACCEPT\n-A INPUT -j KNOCKTAIL\n-A INPUT -p tcp -j REJECT/)
    expect(await chain(net, 'KNOCKTAIL')).toBe(['-N KNOCKTAIL', ...[first, second].map((address) =>
      `-A KNOCKTAIL -s ${address}/32 -p tcp -m tcp --dport 22 -m comment --comment "knocktail ssh" -j ACCEPT`), ''].join('\n'))
  })

  it('puts its jump first where nothing is rejected', async () => {
    await load(net, '*filter\n:INPUT DROP [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n')
    await openIn(net).add([hour(first)])
    expect(await chain(net, 'INPUT')).toMatch(/-P INPUT DROP\n-A INPUT -j KNOCKTAIL\n-A INPUT -i lo/)
  })

  it('leaves the jump where the admin has put it', async () => {
    await net.serve(['iptables', '-N', 'KNOCKTAIL'])
    await net.serve(['iptables', '-I', 'INPUT', '3', '-p', 'tcp', '-m', 'comment', '--comment', 'mine', '-j', 'KNOCKTAIL'])
    const before = await chain(net, 'INPUT')
    await openIn(net).add([hour(first)])
    expect(await chain(net, 'INPUT')).toBe(before)
    expect(await net.canConnect(22)).toBe(true)
  })

  it.each(['renew', 'add'] as const)('comes back after somebody else\'s iptables-restore: %s', async (verb) => {
    const firewall = openIn(net)
    await firewall.add([hour(first), hour(sixth)])
    const before = await chain(net, 'INPUT')
    await load(net)
    expect(await net.canConnect(22)).toBe(false)
    expect(await firewall.list()).toEqual({ kind: 'listed', entries: [] })
    expect(await firewall[verb]([hour(first), hour(sixth)])).toEqual([{ kind: 'done' }, { kind: 'done' }])
    expect(await chain(net, 'INPUT')).toBe(before)
    expect(await net.canConnect(22)).toBe(true)
    expect(await net.canConnect(22, 6)).toBe(true)
  })

  it('puts the jump back when it looks, where only that is gone', async () => {
    const firewall = openIn(net)
    await firewall.add([hour(first)])
    await net.serve(['iptables', '-D', 'INPUT', '-j', 'KNOCKTAIL'])
    expect(await net.canConnect(22)).toBe(false)
    expect(await firewall.list()).toMatchObject({ entries: [{ address: first, mark: 'ours' }] })
    expect(await net.canConnect(22)).toBe(true)
  })

  it('removes what a saved ruleset brought back, also twice', async () => {
    const firewall = openIn(net)
    await firewall.add([hour(first)])
    const saved = await net.serve(['iptables-save', '-t', 'filter'])
    await firewall.remove([first])
    const rule = /^-A KNOCKTAIL.*$/m.exec(saved)![0]
    await net.serve(['iptables-restore'], saved.replace(rule, `${rule}\n${rule}`))
    expect(await net.canConnect(22)).toBe(true)
    expect(await firewall.list()).toMatchObject({ entries: [{ address: first, mark: 'ours' }] })
    expect(await firewall.remove([first])).toEqual([{ kind: 'done' }])
    expect(await chain(net, 'KNOCKTAIL')).toBe('-N KNOCKTAIL\n')
  })

  it('knows rules of another label of ours, and removes them as they are', async () => {
    await openIn(net, net.runner, 'knocktail old.rules').add([hour(first), hour(second)])
    const firewall = openIn(net)
    expect(await firewall.add([hour(first)])).toEqual([{ kind: 'done' }])
    expect((await chain(net, 'KNOCKTAIL')).match(/-A/g)).toHaveLength(2)
    expect(await firewall.remove([first, second])).toEqual([{ kind: 'done' }, { kind: 'done' }])
    expect(await chain(net, 'KNOCKTAIL')).toBe('-N KNOCKTAIL\n')
  })

  it('removes no rule of the admin\'s, also where it admits the same', async () => {
    const firewall = openIn(net)
    await firewall.add([hour(first)])
    await net.serve(['iptables', '-A', 'KNOCKTAIL', ...ruleFor(first), '-j', 'ACCEPT'])
    await firewall.remove([first])
    expect(await chain(net, 'KNOCKTAIL')).toMatch(/-A KNOCKTAIL -s 192\.0\.2\.2\/32 -p tcp -m tcp --dport 22 -j ACCEPT\n$/)
    expect(await firewall.list()).toMatchObject({ entries: [{ address: first, mark: 'foreign' }] })
  })

  it('knows ports apart', async () => {
    const other = openIptables({ firewall: 'iptables', settings: {}, port: { proto: 'udp', port: 22 as Port } }, 'knocktail vpn', { run: net.runner, find: findProgram })
    await other.add([hour(first)])
    expect(await openIn(net).list()).toEqual({ kind: 'listed', entries: [] })
    await openIn(net).remove([first])
    expect(await other.list()).toMatchObject({ entries: [{ address: first }] })
  })

  it('waits while another iptables is at work, and no longer', async () => {
    const calls: string[][] = []
    const run: Runner = (command) => {
      calls.push([...command.args])
      return net.runner(command)
    }
    await openIn(net, run).add([hour(first), hour(parseAddress('192.0.2.9')!)])
    expect(calls.length).toBeGreaterThan(3)
    for (const args of calls) expect(args.join(' ')).toContain('-w 5')
  })

  it('says what iptables says', async () => {
    const run: Runner = (command) => net.runner({ ...command, program: '/usr/bin/setpriv', args: ['--bounding-set=-net_admin', command.program, ...command.args] })
    const firewall = openIn(net, run)
    expect(await firewall.add([hour(first)])).toEqual([{ kind: 'failed', why: expect.stringMatching(/^iptables: .*(Permission denied|must be root)/) }])
    expect(await firewall.list()).toEqual({ kind: 'failed', why: expect.stringMatching(/^iptables: /) })
    expect((await firewall.check())[0]).toMatchObject({ severity: 'error', message: expect.stringMatching(/it needs root or CAP_NET_ADMIN/) })
  })
})
