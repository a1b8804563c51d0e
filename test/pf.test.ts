import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { parseAddress } from '../parsers/address.ts'
import type { Port } from '../parsers/event.ts'
import type { Firewall } from '../src/firewalls/firewall.ts'
import { openPf } from '../src/firewalls/pf.ts'
import { findProgram, runCommand, type Runner } from '../src/firewalls/run.ts'
import { CLIENTS, describeFirewall, hangingRunner } from './support/firewall-suite.ts'
import { GOOD_TABLE, usePfctl } from './support/pf.ts'

const pfctl = usePfctl()
const { first, second, sixth } = CLIENTS
const ports = [{ proto: 'tcp', port: 22 as Port }, { proto: 'udp', port: 53 as Port }] as const

function open(run: Runner = runCommand): Firewall {
  const settings = { table: ['knocktail'], program: [pfctl.program] }
  return openPf({ firewall: 'pf', settings, ports }, 'knocktail ssh', { run, find: findProgram })
}

const dropTable = async (): Promise<void> => rmSync(join(pfctl.folder, 'knocktail.table'))
const tables = (text: string) => async (): Promise<void> => pfctl.put('tables', text)

describeFirewall('pf', {
  open,
  openHanging: () => open(hangingRunner),
  getsIn: async (address) => pfctl.held()!.includes(address),
  putForeign: (address) => open().renew([{ address, seconds: 1 }]),
  wipe: async (address) => pfctl.put('knocktail.table', pfctl.held()!.filter((held) => held !== address).join('\n')),
  clean: async () => pfctl.reset(),
  faults: [
    ['a missing table', tables(''), /there is no table <knocktail>; put "table <knocktail> persist" into pf\.conf/],
    ['a table of that name in an anchor only', tables(GOOD_TABLE.replace('\tknocktail', '\tknocktail\tother')), /there is no table <knocktail>/],
    ['a constant table', tables(GOOD_TABLE.replace('-pa-r--', 'cpa-r--')), /is const/],
    ['a table that does not persist', tables(GOOD_TABLE.replace('-pa-r--', '--a-r--')), /is not persistent/],
    ['a table that no rule uses', tables(`${GOOD_TABLE.replace('Rules: 1', 'Rules: 0')}-pa-r--\tother\n${GOOD_TABLE.slice(GOOD_TABLE.indexOf('\n') + 1)}`), /no rule uses table <knocktail>/],
  ],
})

describe('pfctl is called with what its manual has', () => {
  beforeEach(() => pfctl.reset())

  it.each([
    ['add', (firewall: Firewall) => firewall.add([{ address: first, seconds: 9 }, { address: sixth, seconds: 9 }]), ['-q -t knocktail -T show', '-q -t knocktail -T add 192.0.2.2 2001:db8::2']],
    ['renew', (firewall: Firewall) => firewall.renew([{ address: first, seconds: 9 }]), ['-q -t knocktail -T show', '-q -t knocktail -T add 192.0.2.2']],
    ['remove', (firewall: Firewall) => firewall.remove([first, sixth]), ['-q -t knocktail -T delete 192.0.2.2 2001:db8::2']],
    ['list', (firewall: Firewall) => firewall.list(), ['-q -t knocktail -T show']],
    ['check', (firewall: Firewall) => firewall.check(), ['-vvsTables']],
  ] as const)('to %s', async (_, act, calls) => {
    await act(open())
    expect(pfctl.calls()).toEqual(calls)
  })

  it('never to make a table', async () => {
    await dropTable()
    const [added] = await open().add([{ address: first, seconds: 9 }])
    const [renewed] = await open().renew([{ address: first, seconds: 9 }])
    expect([added, renewed]).toEqual([expect.objectContaining({ kind: 'failed' }), expect.objectContaining({ kind: 'failed', why: expect.stringMatching(/Table does not exist/) })])
    expect(pfctl.held()).toBeUndefined()
    expect(await open().remove([first])).toEqual([{ kind: 'done' }])
  })

  it('one by one where all at once fails', async () => {
    pfctl.put('refuse', '192.0.2.3')
    const outcomes = await open().add([first, second, sixth].map((address) => ({ address, seconds: 9 })))
    expect(outcomes.map(({ kind }) => kind)).toEqual(['done', 'failed', 'done'])
    expect(pfctl.held()).toEqual([first, sixth])
  })

  it('leaves networks and negated entries alone', async () => {
    pfctl.put('knocktail.table', '198.51.100.0/24\n!198.51.100.7\n192.0.2.2\n')
    expect(await open().list()).toEqual({ kind: 'listed', entries: [{ address: first, seconds: undefined, mark: 'unmarked' }] })
  })
})

describe('states are ended one by one', () => {
  beforeEach(() => pfctl.reset())

  /** As print_state of pf_print_state.c prints them. */
  const state = (line: string, id: number): string => `${line}
   [3788123404 + 65535] wscale 6  [1066284103 + 64256] wscale 7
   age 00:00:10, expires in 24:00:00, 12:10 pkts, 1234:1000 bytes, rule 5
   id: 5f3c1b2a0000000${id} creatorid: 1a2b3c4d
`
  const ended = async (address: string): Promise<string[]> => {
    expect(await open().kill(parseAddress(address)!)).toEqual({ kind: 'done' })
    return pfctl.calls().slice(1)
  }
  const kill = (id: number): string => `-q -k id -k 5f3c1b2a0000000${id}/1a2b3c4d`

  it('only those of that address to these ports', async () => {
    pfctl.put('states', [
      state('all tcp 192.0.2.1:22 <- 198.51.100.7:51234       ESTABLISHED:ESTABLISHED', 1),
      state('all tcp 192.0.2.1:80 <- 198.51.100.7:51235       ESTABLISHED:ESTABLISHED', 2),
      state('all tcp 192.0.2.1:22 <- 198.51.100.77:51234       ESTABLISHED:ESTABLISHED', 3),
      state('all tcp 192.0.2.1:51234 -> 198.51.100.7:22       ESTABLISHED:ESTABLISHED', 4),
      state('all tcp 10.0.0.5:2222 (192.0.2.1:22) <- 198.51.100.7:51236       ESTABLISHED:ESTABLISHED', 5),
      state('all udp 192.0.2.1:22 <- 198.51.100.7:51234       MULTIPLE:SINGLE', 6),
      state('all udp 192.0.2.1:53 <- 198.51.100.7:51234       MULTIPLE:SINGLE', 7),
      state('em0 tcp 198.51.100.7:51236 -> 10.0.0.5:22       ESTABLISHED:ESTABLISHED', 8),
    ].join(''))
    expect(await ended('198.51.100.7')).toEqual([kill(1), kill(5), kill(7), kill(8)])
  })

  it('of IPv6, too', async () => {
    pfctl.put('states', [
      state('all tcp 2001:db8::1[22] <- 2001:db8::2[51234]       ESTABLISHED:ESTABLISHED', 1),
      state('all tcp 2001:db8::1[22] <- 2001:db8::22[51234]       ESTABLISHED:ESTABLISHED', 2),
      state('all ipv6-icmp 2001:db8::1[8] <- 2001:db8::2[22]       0:0', 3),
    ].join(''))
    expect(await ended('2001:db8::2')).toEqual([kill(1)])
  })
})
