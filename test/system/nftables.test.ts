import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parseAddress } from '../../parsers/address.ts'
import type { Port } from '../../parsers/event.ts'
import type { Firewall } from '../../src/firewalls/firewall.ts'
import { watchNft } from '../../src/firewalls/nft-monitor.ts'
import { NftSession, nftSession } from '../../src/firewalls/nft-session.ts'
import { openNftables } from '../../src/firewalls/nftables.ts'
import { findProgram } from '../../src/firewalls/run.ts'
import type { Target } from '../../src/firewalls/target.ts'
import { eventually } from '../support/eventually.ts'
import { CLIENTS, describeFirewall, hangingRunner } from '../support/firewall-suite.ts'
import { useNetns, type Netns } from '../support/netns.ts'
import { useFolder } from '../support/run.ts'
import { systemTest } from '../support/system.ts'

const SSH = { proto: 'tcp', port: 22 as Port } as const

/** Two kinds of sets, by whether an element names the port, too. */
const KINDS = [
  { title: 'of addresses', type4: 'ipv4_addr', type6: 'ipv6_addr', match: '', elements: undefined, suffix: '' },
  {
    title: 'of addresses and ports', type4: 'ipv4_addr . inet_proto . inet_service', type6: 'ipv6_addr . inet_proto . inet_service',
    match: ' . meta l4proto . th dport', elements: ['address', '.', 'proto', '.', 'service'], suffix: ' . tcp . 22',
  },
] as const

type Kind = (typeof KINDS)[number]

const ruleset = ({ type4, type6, match }: Kind, flags = 'timeout'): string => `
  table inet filter {
    set knock4 { type ${type4}; flags ${flags}; }
    set knock6 { type ${type6}; flags ${flags}; }
    chain input {
      type filter hook input priority 0; policy drop;
      ct state established,related accept
      ip6 nexthdr icmpv6 accept
      ip saddr${match} @knock4 ${match ? '' : 'tcp dport 22'} accept
      ip6 saddr${match} @knock6 ${match ? '' : 'tcp dport 22'} accept
    }
  }`

const load = (net: Netns, text: string): Promise<string> => net.serve(['nft', '-f', '-'], `flush ruleset\n${text}`)

async function prepare(net: Netns): Promise<void> {
  await net.addClient(CLIENTS.second)
  await net.listen(22)
}

function openIn(net: Netns, kind: Kind, settings: Target['settings'] = {}): Firewall {
  const target: Target = {
    firewall: 'nftables',
    settings: { set4: ['inet', 'filter', 'knock4'], set6: ['inet', 'filter', 'knock6'], program: [net.wrapper('nft')], ...settings },
    ...(kind.elements ? { port: SSH } : { ports: [SSH] }),
  }
  return openNftables(target, 'knocktail ssh', { run: net.runner, find: findProgram })
}

const getsInOf = (net: Netns) => (address: string): Promise<boolean> => net.canConnect(22, address.includes(':') ? 6 : 4, address)

for (const kind of KINDS) {
  systemTest(['nft', 'ip'])(`sets ${kind.title}`, () => {
    const net = useNetns()
    const folder = useFolder()
    const setOf = (address: string): string => `inet filter ${address.includes(':') ? 'knock6' : 'knock4'}`
    beforeAll(() => prepare(net))

    describeFirewall('nftables', {
      open: () => openIn(net, kind),
      ...(kind === KINDS[0] && { openHanging: () => openHanging(folder.path) }),
      getsIn: getsInOf(net),
      putForeign: (address) => net.serve(['nft', `add element ${setOf(address)} { ${address}${kind.suffix} }`]),
      wipe: (address) => net.serve(['nft', `delete element ${setOf(address)} { ${address}${kind.suffix} }`]),
      clean: () => load(net, ruleset(kind)),
      faults: [
        ['a missing table', () => net.serve(['nft', 'flush', 'ruleset']), /no table inet filter: nft add table inet filter/],
        ['a missing set', () => load(net, 'table inet filter { }'), /no set inet filter knock4: nft add set inet filter knock4 '\{ type ipv4_addr/],
        ['a set of another type', () => load(net, ruleset({ ...KINDS[0], type4: 'ipv6_addr' } as unknown as Kind).replaceAll(/ip saddr.*/g, '')), /is of type "ipv6_addr", and not ipv4_addr/],
        ['a set without time-outs', () => load(net, ruleset(kind, 'dynamic')), /has no "flags timeout"/],
        ['a set that no rule uses', () => load(net, ruleset(kind).replaceAll(/ip6? saddr.*/g, '')), /no rule of that table uses set inet filter knock4/],
      ],
    })
  })
}

function openHanging(folder: string): Firewall {
  const settings = { set4: ['inet', 'filter', 'knock4'], program: [sleeper(folder)] }
  return openNftables({ firewall: 'nftables', settings, ports: [SSH] }, 'knocktail ssh', { run: hangingRunner, find: findProgram })
}

function sleeper(folder: string): string {
  const path = join(folder, 'sleeper')
  writeFileSync(path, '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 })
  return path
}

systemTest(['nft', 'ip', 'conntrack'])('nftables itself', () => {
  const net = useNetns()
  const [plain] = KINDS
  const { first, second, sixth } = CLIENTS
  const hour = { address: first, seconds: 3600 }
  beforeAll(() => prepare(net))
  beforeEach(() => load(net, ruleset(plain)))

  it('serves no IPv6 where there is no set for it', async () => {
    const target: Target = { firewall: 'nftables', settings: { set4: ['inet', 'filter', 'knock4'], program: [net.wrapper('nft')] } }
    const firewall = openNftables(target, 'knocktail ssh', { run: net.runner, find: findProgram })
    const outcomes = await firewall.add([hour, { address: sixth, seconds: 3600 }, { address: second, seconds: 3600 }])
    expect(outcomes.map(({ kind }) => kind)).toEqual(['done', 'unserved', 'done'])
  })

  it('makes its element with time and comment, and renews it as a whole', async () => {
    const firewall = openIn(net, plain)
    await firewall.add([hour])
    expect(await net.serve(['nft', 'list', 'set', 'inet', 'filter', 'knock4'])).toMatch(/192\.0\.2\.2 timeout 1h expires \S+ comment "knocktail ssh"/)
    await firewall.renew([{ ...hour, seconds: 30 }])
    expect(await net.serve(['nft', 'list', 'set', 'inet', 'filter', 'knock4'])).toMatch(/192\.0\.2\.2 timeout 30s/)
  })

  it('takes an address in somebody\'s prefix for his', async () => {
    await load(net, `${ruleset(plain, 'interval, timeout')}\nadd element inet filter knock4 { 192.0.2.0/28 }`)
    const outcomes = await openIn(net, plain).add([hour, { address: parseAddress('203.0.113.9')!, seconds: 60 }])
    expect(outcomes).toEqual([{ kind: 'foreign' }, { kind: 'done' }])
    expect(await net.serve(['nft', 'list', 'set', 'inet', 'filter', 'knock4'])).toContain('192.0.2.0/28')
  })

  it('does not lose the others where one does not fit', async () => {
    await load(net, ruleset(plain).replace('set knock4 {', 'set knock4 { size 2;'))
    const addresses = ['192.0.2.2', '192.0.2.3', '192.0.2.4', '2001:db8::2'].map((text) => parseAddress(text)!)
    const outcomes = await openIn(net, plain).add(addresses.map((address) => ({ address, seconds: 60 })))
    expect(outcomes.map(({ kind }) => kind)).toEqual(['done', 'done', 'failed', 'done'])
  })

  it('works on after the ruleset was flushed, and loaded anew', async () => {
    const firewall = openIn(net, plain)
    await firewall.add([hour])
    await net.serve(['nft', 'flush', 'ruleset'])
    expect((await firewall.renew([hour]))[0]!.kind).toBe('failed')
    expect(await firewall.remove([first])).toEqual([{ kind: 'done' }])
    await load(net, ruleset(plain))
    expect(await firewall.renew([hour])).toEqual([{ kind: 'done' }])
    expect(await net.canConnect(22)).toBe(true)
  })

  it('works on after its session was killed', async () => {
    const firewall = openIn(net, plain)
    await firewall.add([hour])
    await net.serve(['sh', '-c', `kill -9 $(ip netns pids ${net.nameOf('server')} | while read pid; do grep -l "^nft" /proc/$pid/comm; done | cut -d/ -f3)`])
    expect(await firewall.renew([hour, { address: second, seconds: 60 }])).toEqual([{ kind: 'done' }, { kind: 'done' }])
  })

  it('answers each line with its own complaint', async () => {
    const session = new NftSession(net.wrapper('nft'))
    const add = (address: string): string => `create element inet filter knock4 { ${address} timeout 60s }`
    const results = await session.run([add('192.0.2.9'), add('192.0.2.9'), 'nonsense', `${add('192.0.2.10')}; ${add('192.0.2.9')}`, add('192.0.2.10')])
    expect(results).toEqual([undefined, 'File exists', expect.stringMatching(/syntax error/), 'File exists', undefined])
  })

  it('ends flows of that address to the port, and no others', async () => {
    const firewall = openIn(net, plain)
    await firewall.add([hour])
    await net.serve(['nft', 'insert rule inet filter input tcp dport 80 accept'])
    await net.listen(80)
    const talk = (port: number) => net.start('client', [process.execPath, '-e', `
      const socket = require('net').connect(${port}, '192.0.2.1')
      setInterval(() => socket.write('x'), 20)
      socket.on('data', () => console.log('up')).on('error', () => process.exit(1))`])
    const clients = [talk(22), talk(80)]
    await Promise.all(clients.map((client) => new Promise((resolve) => client.stdout!.once('data', resolve))))
    await firewall.remove([first])
    const flows = async (): Promise<string> => (await net.inServer(['conntrack', '-L', '-s', first])).stdout
    expect(await flows()).toMatch(/ESTABLISHED .*dport=22 /)
    expect(await firewall.kill(first)).toEqual({ kind: 'done' })
    expect(await firewall.kill(first)).toEqual({ kind: 'done' })
    expect(await flows()).not.toMatch(/ESTABLISHED .*dport=22 .*ASSURED/)
    expect(await flows()).toMatch(/ESTABLISHED .*dport=80 /)
  })

  describe('the monitor', () => {
    it('tells of what others change, and not of what we do', async () => {
      const firewall = openIn(net, plain)
      let count = 0
      const monitor = watchNft({ program: net.wrapper('nft'), changed: () => count++ })
      try {
        await eventually(async () => {
          await net.serve(['nft', 'add', 'set', 'inet', 'filter', 'other', '{ type ipv4_addr; }'])
          expect(count).toBeGreaterThan(0)
        })
        await new Promise((resolve) => setTimeout(resolve, 700))
        const before = count
        await firewall.add([hour])
        await firewall.renew([hour])
        await firewall.remove([first])
        await new Promise((resolve) => setTimeout(resolve, 700))
        expect(count).toBe(before)
        await net.serve(['nft', 'flush', 'ruleset'])
        await eventually(() => expect(count).toBe(before + 1))
      } finally {
        monitor.stop()
      }
    })

    it('knows its session', () => {
      expect(nftSession('/a')).toBe(nftSession('/a'))
    })
  })
})
