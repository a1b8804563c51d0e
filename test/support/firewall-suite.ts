import { beforeEach, describe, expect, it } from 'vitest'
import { parseAddress, type Address } from '../../parsers/address.ts'
import type { FirewallName } from '../../src/config/firewalls.ts'
import { TRAITS, type Firewall, type Listed, type Outcome } from '../../src/firewalls/firewall.ts'
import { runCommand, type Runner } from '../../src/firewalls/run.ts'
import { eventually } from './eventually.ts'

/** What every firewall must do, whichever it is. */

export interface FirewallUnderTest {
  /** A firewall's target, open anew. */
  readonly open: () => Firewall
  /** As `open`, but what it runs does not end by itself, and is ended after a few seconds at most. */
  readonly openHanging?: () => Firewall
  /** Whether that address gets in, tried as really as can be. Every address that the suite uses must be able to. */
  readonly getsIn: (address: Address) => Promise<boolean>
  /** An entry of the admin's, by the admin's own means, that would serve for a grant too; undefined: there can be none. */
  readonly putForeign?: (address: Address) => Promise<unknown>
  /** Takes an entry away, by the admin's own means. */
  readonly wipe: (address: Address) => Promise<unknown>
  /** Nothing of an earlier test may be there. Runs before each test. */
  readonly clean: () => Promise<unknown>
  /** What may be wrong with the machine: how to make it so, and what `check` must say then. `clean` mends it. */
  readonly faults: readonly (readonly [title: string, make: () => Promise<unknown>, says: RegExp])[]
  /** How many addresses at once. @default 100 */
  readonly many?: number
  /** @default true */
  readonly hasIPv6?: boolean
}

/** The addresses that the suite lets in. `second` is not the client's of itself: `net.addClient(CLIENTS.second)`. */
export const CLIENTS: Readonly<Record<'first' | 'second' | 'sixth', Address>> = {
  first: parseAddress('192.0.2.2')!, second: parseAddress('192.0.2.3')!, sixth: parseAddress('2001:db8::2')!,
}
const { first, second, sixth } = CLIENTS

const DONE: Outcome = { kind: 'done' }

/** For `openHanging` of firewalls that run programs one by one: a program that runs on, and a shorter time limit. */
export const hangingRunner: Runner = (command) =>
  runCommand({ ...command, program: '/bin/sleep', args: ['60'], timeLimitMs: Math.min(command.timeLimitMs, 300), onTimeLimit: 'group' })

export function describeFirewall(name: FirewallName, test: FirewallUnderTest): void {
  const traits = TRAITS[name]
  const hour = (address: Address) => ({ address, seconds: 3600 })

  describe(`${name} is a firewall`, () => {
    beforeEach(() => test.clean())

    const families: readonly (readonly [string, Address])[] = [['IPv4', first], ...(test.hasIPv6 === false ? [] : [['IPv6', sixth] as const])]

    it.each(families)('lets an %s address in, nobody else, and not for longer', async (_, address) => {
      const firewall = test.open()
      expect(await test.getsIn(address)).toBe(false)
      expect(await firewall.add([hour(address)])).toEqual([DONE])
      expect(await test.getsIn(address)).toBe(true)
      expect(await test.getsIn(second)).toBe(false)
      expect(await firewall.remove([address])).toEqual([DONE])
      expect(await test.getsIn(address)).toBe(false)
    })

    it('makes one entry of two adds', async () => {
      const firewall = test.open()
      expect(await firewall.add([hour(first)])).toEqual([DONE])
      expect(await firewall.add([hour(first)])).toEqual([traits.marks ? DONE : { kind: 'foreign' }])
      expect(await firewall.remove([first])).toEqual([DONE])
      expect(await test.getsIn(first)).toBe(false)
      if (traits.lists) expect(await entriesOf(firewall)).toEqual([])
    })

    it('renews for longer and for shorter', async () => {
      const firewall = test.open()
      await firewall.add([{ address: first, seconds: 100 }])
      for (const seconds of [1000, 50]) {
        expect(await firewall.renew([{ address: first, seconds }])).toEqual([DONE])
        expectSeconds(await entriesOf(firewall), first, traits.expires ? seconds : undefined)
        expect(await test.getsIn(first)).toBe(true)
      }
    })

    itIf(traits.expires)('ends entries by itself', async () => {
      const firewall = test.open()
      await firewall.add([{ address: first, seconds: 100 }, { address: second, seconds: 1 }])
      expect(await firewall.renew([{ address: first, seconds: 2 }])).toEqual([DONE])
      await eventually(async () => expect(await entriesOf(firewall)).toEqual([]))
      expect(await test.getsIn(first)).toBe(false)
    })

    it('brings back what has vanished', async () => {
      const firewall = test.open()
      await firewall.add([hour(first)])
      await test.wipe(first)
      expect(await test.getsIn(first)).toBe(false)
      expect(await firewall.renew([hour(first)])).toEqual([DONE])
      expect(await test.getsIn(first)).toBe(true)
    })

    it('is content to remove what is not there', async () => {
      const firewall = test.open()
      expect(await firewall.remove([first, second])).toEqual([DONE, DONE])
    })

    itIf(test.putForeign !== undefined)('leaves alone what the admin has put there', async () => {
      const firewall = test.open()
      await test.putForeign!(first)
      expect(await firewall.add([hour(first), hour(second)])).toEqual([{ kind: 'foreign' }, DONE])
      expect(await test.getsIn(first)).toBe(true)
      expect(await test.getsIn(second)).toBe(true)
      const marks = new Map((await entriesOf(firewall)).map(({ address, mark }) => [address, mark]))
      if (traits.marks) expect([marks.get(first) ?? 'foreign', marks.get(second)]).toEqual(['foreign', 'ours'])
      expect(await firewall.remove([second])).toEqual([DONE])
      expect(await test.getsIn(first)).toBe(true)
    })

    itIf(traits.lists)('lists what is there', async () => {
      const firewall = test.open()
      const addresses = families.map(([, address]) => address)
      await firewall.add(addresses.map((address) => ({ address, seconds: 500 })))
      const entries = await entriesOf(firewall)
      expect(entries.map(({ address }) => address).toSorted()).toEqual(addresses.toSorted())
      for (const address of addresses) expectSeconds(entries, address, traits.expires ? 500 : undefined)
      expect(entries.every(({ mark }) => mark === (traits.marks ? 'ours' : 'unmarked'))).toBe(true)
    })

    it('takes many at once', async () => {
      const firewall = test.open()
      const crowd = Array.from({ length: test.many ?? 100 }, (_, index) => parseAddress(`198.51.${100 + (index >> 8)}.${index & 255}`)!)
      const all = crowd.map(() => DONE)
      expect(await firewall.add(crowd.map(hour))).toEqual(all)
      if (traits.lists) expect((await entriesOf(firewall)).map(({ address }) => address).toSorted()).toEqual(crowd.toSorted())
      expect(await firewall.renew(crowd.map(hour))).toEqual(all)
      expect(await firewall.remove(crowd)).toEqual(all)
      if (traits.lists) expect(await entriesOf(firewall)).toEqual([])
    })

    itIf(test.openHanging !== undefined)('does not wait for ever for what it runs', async () => {
      const firewall = test.openHanging!()
      expect(await firewall.add([hour(first)])).toEqual([{ kind: 'failed', why: expect.stringMatching(/in time/) }])
      expect(await firewall.remove([first])).toEqual([{ kind: 'failed', why: expect.stringMatching(/in time/) }])
    })

    it('finds nothing wrong where nothing is', async () => {
      expect(await test.open().check()).toEqual([])
    })

    it.each(test.faults)('finds %s', async (_, make, says) => {
      await make()
      const findings = await test.open().check()
      expect(findings.map(({ message }) => message).join('\n')).toMatch(says)
    })
  })
}

/** What a firewall is not like is no test that was skipped. */
function itIf(condition: boolean): (title: string, body: () => Promise<void>) => void {
  return condition ? (title, body) => it(title, body) : () => {}
}

async function entriesOf(firewall: Firewall): Promise<readonly Listed[]> {
  const listing = await firewall.list()
  if (listing.kind === 'failed') throw new Error(listing.why)
  return listing.entries
}

/** A listing is of the past, and rounded up. */
function expectSeconds(entries: readonly Listed[], address: Address, seconds: number | undefined): void {
  const found = entries.find((entry) => entry.address === address)
  expect(found).toBeDefined()
  if (seconds === undefined) {
    expect(found!.seconds).toBeUndefined()
    return
  }
  expect(found!.seconds).toBeLessThanOrEqual(seconds + 1)
  expect(found!.seconds).toBeGreaterThan(seconds - 10)
}
