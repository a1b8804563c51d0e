import { expect, it } from 'vitest'
import type { Address } from '../parsers/address.ts'
import { SECOND, type Micros } from '../parsers/time.ts'
import { Sessions, type Session } from '../src/doors/sessions.ts'
import { Grants } from '../src/grants/grants.ts'
import { config } from './support/config.ts'

/** Who is connected, for caps: looked at only where one is near. */

const A = '192.0.2.1' as Address
const B = '192.0.2.2' as Address

it('knows who is connected to what a grant opens, from the time on when half of a cap is used', async () => {
  const rules = config('[knocktail]\nfirewall = null\n[ssh]\nsequence = 7000, 9000\nports = 22/tcp, 53/udp\nmax_grants = 4\n')
  const clock = { wall: () => SECOND, boot: () => SECOND }
  const grants = new Grants(clock)
  let looks = 0
  let now: readonly Session[] | undefined = [22, 53].map((localPort, index) => ({ localPort, peer: [A, B][index]!, peerPort: 4000 }))
  const sessions = new Sessions({ grants, clocks: clock, config: () => rules, ended: () => expect.fail('closed'), sessions: async () => (looks++, now) })
  const open = (address: Address) => grants.open({ rule: 'ssh', address, time: SECOND, openFor: SECOND, maxOpen: (9 * SECOND) as Micros, targets: [], kill: false }).grant
  const a = open(A)
  await sessions.look()
  expect([looks, sessions.isConnected(a)]).toEqual([0, false])
  const b = open(B)
  await sessions.look()
  expect([looks, sessions.isConnected(a), sessions.isConnected(b), sessions.isConnected({ ...a, rule: 'gone' })]).toEqual([1, true, false, false])
  now = []
  await sessions.look()
  expect([looks, sessions.isConnected(a)]).toEqual([2, false])
})
