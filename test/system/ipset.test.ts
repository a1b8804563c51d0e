import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parseAddress, type Address } from '../../parsers/address.ts'
import type { Port } from '../../parsers/event.ts'
import type { Firewall } from '../../src/firewalls/firewall.ts'
import { openIpset } from '../../src/firewalls/ipset.ts'
import { findProgram, type Runner } from '../../src/firewalls/run.ts'
import type { Target } from '../../src/firewalls/target.ts'
import { eventually } from '../support/eventually.ts'
import { CLIENTS, describeFirewall, hangingRunner } from '../support/firewall-suite.ts'
import { useNetns, type Netns } from '../support/netns.ts'
import { systemTest } from '../support/system.ts'

const TOOLS = ['ipset', 'iptables', 'ip6tables', 'ip']
const SSH = { proto: 'tcp', port: 22 as Port } as const
const { first, second, sixth } = CLIENTS
const DONE = { kind: 'done' }
const FOREIGN = { kind: 'foreign' }

interface SetOptions {
  readonly options4?: string
  readonly options6?: string
}

const setOf = (address: string): string => (address.includes(':') ? 'knock6' : 'knock4')

/** Both sets, and the rules that use them. */
async function prepare(net: Netns, { options4 = 'hash:ip timeout 0', options6 = 'hash:ip family inet6 timeout 0' }: SetOptions = {}, areUsed = true): Promise<void> {
  for (const [program, set, options] of [['iptables', 'knock4', options4], ['ip6tables', 'knock6', options6]] as const) {
    await net.serve([`${program}-restore`], '*filter\n:INPUT DROP [0:0]\nCOMMIT\n')
    await net.inServer(['ipset', 'destroy', set])
    if (options !== '') await net.serve(['ipset', 'create', set, ...options.split(' ')])
    if (areUsed) await net.serve([`${program}-restore`], `*filter\n:INPUT DROP [0:0]
-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A INPUT -p ${program === 'iptables' ? 'icmp' : 'ipv6-icmp'} -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m set --match-set ${set} src -j ACCEPT\nCOMMIT\n`)
  }
}

function openIn(net: Netns, run: Runner = net.runner, settings: Target['settings'] = {}): Firewall {
  const target: Target = { firewall: 'ipset', settings: { set4: ['knock4'], set6: ['knock6'], ...settings }, ports: [SSH] }
  return openIpset(target, 'knocktail ssh', { run, find: findProgram })
}

systemTest(TOOLS)('sets of ipset', () => {
  const net = useNetns()
  beforeAll(async () => {
    await net.addClient(second)
    await net.listen(22)
  })

  describeFirewall('ipset', {
    open: () => openIn(net),
    openHanging: () => openIn(net, hangingRunner),
    getsIn: (address) => net.canConnect(22, address.includes(':') ? 6 : 4, address),
    putForeign: (address) => net.serve(['ipset', 'add', setOf(address), address]),
    wipe: (address) => net.serve(['ipset', 'del', setOf(address), address]),
    clean: () => prepare(net),
    faults: [
      ['a missing set', () => prepare(net, { options6: '' }, false), /there is no set knock6: ipset create knock6 hash:ip family inet6 timeout 0/],
      ['a set without time-outs', () => prepare(net, { options4: 'hash:ip' }), /set knock4 was made without time-outs: ipset create knock4-new hash:ip timeout 0; ipset swap/],
      ['a set of the other family', () => prepare(net, { options6: 'hash:ip timeout 0' }, false), /set knock6 is of family inet, and not inet6/],
      ['a set of another type', () => prepare(net, { options4: 'hash:ip,port timeout 0' }, false), /set knock4 is of type hash:ip,port, and not hash:ip/],
      ['a full set', async () => {
        await prepare(net, { options4: 'hash:ip timeout 0 maxelem 1' })
        await net.serve(['ipset', 'add', 'knock4', first])
      }, /set knock4 is full with 1 entries: ipset create knock4-new hash:ip timeout 0 maxelem 2/],
      ['a set that no rule uses', () => prepare(net, {}, false), /no rule uses set knock4: .*iptables -I INPUT -p tcp --dport 22 -m set --match-set knock4 src -j ACCEPT/],
    ],
  })
})

systemTest(TOOLS)('ipset itself', () => {
  const net = useNetns()
  const hour = (address: Address) => ({ address, seconds: 3600 })
  const members = async (set: string): Promise<string> => (await net.serve(['ipset', 'list', set])).split('Members:\n')[1]!
  beforeEach(() => prepare(net))

  it('mends a set without time-outs by what it says', async () => {
    await prepare(net, { options4: 'hash:ip' })
    const firewall = openIn(net)
    expect(await firewall.add([hour(first)])).toEqual([{ kind: 'failed', why: expect.stringMatching(/set was created without timeout support.*set knock4/) }])
    const [finding] = await firewall.check()
    await net.serve(['sh', '-c', /: (ipset .*)$/.exec(finding!.message)![1]!])
    expect(await firewall.check()).toEqual([])
    expect(await firewall.add([hour(first)])).toEqual([DONE])
  })

  it('says that a set is full, and does not lose those that fit', async () => {
    await prepare(net, { options4: 'hash:ip timeout 0 maxelem 2' })
    const addresses = ['192.0.2.2', '192.0.2.3', '192.0.2.4', '2001:db8::2'].map((text) => parseAddress(text)!)
    const outcomes = await openIn(net).add(addresses.map(hour))
    expect(outcomes).toEqual([DONE, DONE, { kind: 'failed', why: expect.stringMatching(/Hash is full/) }, DONE])
  })

  it('never makes an entry without an end one that ends', async () => {
    const firewall = openIn(net)
    await net.serve(['ipset', 'add', 'knock4', first])
    expect(await firewall.renew([hour(first)])).toEqual([FOREIGN])
    expect(await firewall.remove([first])).toEqual([DONE])
    expect(await members('knock4')).toBe(`${first} timeout 0\n`)
    expect(await firewall.list()).toEqual({ kind: 'listed', entries: [{ address: first, seconds: undefined, mark: 'foreign' }] })
  })

  it('serves no IPv6 where there is no set for it', async () => {
    const target: Target = { firewall: 'ipset', settings: { set4: ['knock4'] }, ports: [SSH] }
    const firewall = openIpset(target, 'knocktail ssh', { run: net.runner, find: findProgram })
    const outcomes = await firewall.add([hour(first), hour(sixth), hour(second)])
    expect(outcomes.map(({ kind }) => kind)).toEqual(['done', 'unserved', 'done'])
    expect(await firewall.remove([sixth])).toEqual([DONE])
  })

  it('takes no longer time than ipset can', async () => {
    expect(await openIn(net).add([{ address: first, seconds: 10_000_000 }])).toEqual([DONE])
    expect(await members('knock4')).toMatch(/timeout 21474\d\d\n/)
  })

  it('lists single addresses only, also of networks', async () => {
    await prepare(net, { options4: 'hash:net timeout 0' })
    await net.serve(['ipset', 'add', 'knock4', '198.51.100.0/24'])
    const firewall = openIn(net)
    expect(await firewall.check()).toEqual([])
    await firewall.add([hour(first)])
    expect(await firewall.list()).toMatchObject({ entries: [{ address: first }] })
    await firewall.remove([first])
    expect(await members('knock4')).toBe('198.51.100.0/24 timeout 0\n')
  })

  it('is content to remove from a set that is gone', async () => {
    await prepare(net, { options4: '' }, false)
    const firewall = openIn(net)
    expect(await firewall.remove([first])).toEqual([DONE])
    expect((await firewall.list()).kind).toBe('failed')
    expect((await firewall.add([hour(first)]))[0]).toMatchObject({ kind: 'failed', why: expect.stringMatching(/does not exist.*set knock4/) })
  })

  describe('with a set for comments', () => {
    beforeEach(() => prepare(net, { options4: 'hash:ip timeout 0 comment' }))

    it('marks its entries, and knows them again', async () => {
      const firewall = openIn(net)
      await firewall.add([hour(first)])
      await net.serve(['ipset', 'add', 'knock4', second, 'timeout', '500', 'comment', 'the admin\'s'])
      expect(await members('knock4')).toMatch(/192\.0\.2\.2 timeout \d+ comment "knocktail ssh"/)
      expect(await firewall.add([hour(first), hour(second)])).toEqual([DONE, FOREIGN])
      expect(await firewall.renew([hour(first), hour(second)])).toEqual([DONE, FOREIGN])
      const listing = await firewall.list()
      expect(listing).toMatchObject({ kind: 'listed', entries: expect.arrayContaining([
        { address: first, seconds: expect.any(Number), mark: 'ours' }, { address: second, seconds: expect.any(Number), mark: 'foreign' },
      ]) })
      expect(await firewall.remove([first, second])).toEqual([DONE, DONE])
      expect(await members('knock4')).toMatch(/^192\.0\.2\.3 timeout \d+ comment "the admin's"\n$/)
    })

    it('takes many at once', async () => {
      const crowd = Array.from({ length: 50 }, (_, index) => parseAddress(`198.51.100.${index}`)!)
      const firewall = openIn(net)
      expect(await firewall.add(crowd.map(hour))).toEqual(crowd.map(() => DONE))
      expect((await members('knock4')).match(/comment "knocktail ssh"/g)).toHaveLength(50)
    })

    it('lets what a saved set brought back end by itself', async () => {
      const firewall = openIn(net)
      await firewall.add([{ address: first, seconds: 2 }])
      const saved = await net.serve(['ipset', 'save', 'knock4'])
      await firewall.remove([first])
      await net.serve(['ipset', '-exist', 'restore'], saved)
      expect(await firewall.list()).toMatchObject({ entries: [{ address: first, mark: 'ours' }] })
      await eventually(async () => expect(await firewall.list()).toEqual({ kind: 'listed', entries: [] }))
    })
  })
})
