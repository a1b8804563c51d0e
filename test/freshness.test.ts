import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Address } from '../parsers/address.ts'
import { packet, type Port, type TcpFlags } from '../parsers/event.ts'
import { SECOND, type Micros } from '../parsers/time.ts'
import type { Config } from '../src/config/config.ts'
import { freshnessOf } from '../src/freshness.ts'
import { Grants } from '../src/grants/grants.ts'
import { Matches, type StampedLine } from '../src/grants/matches.ts'
import type { Happening } from '../src/happening.ts'
import { Pipeline } from '../src/pipeline.ts'
import type { LiveEvent } from '../src/sources/source.ts'
import { config } from './support/config.ts'

const RULES: Config = config(`[knocktail]
firewall = null
[ssh]
sequence = 7000, 8000, 9000
ports = 22/tcp
open_for = 10m
[single]
sequence = 6000
ports = 22/tcp
open_for = 10m
`)
const A = '192.0.2.1' as Address
const HOST = '192.0.2.9' as Address
const MAX_AGE = (60 * SECOND) as Micros
const START = 1_800_000_000 * SECOND

let sport = 1024
function syn(port: number, atSeconds: number, sourcePort = sport++): LiveEvent {
  const fields = packet({ proto: 'tcp', src: A, dst: HOST, sport: sourcePort as Port, dport: port as Port, flags: 2 as TcpFlags })
  return { ...fields, kind: 'packet', time: (START + atSeconds * SECOND) as Micros, resolution: 1 as Micros, source: 's' } as LiveEvent
}

/** A daemon's way from events to happenings, with a clock to be set. */
class Front {
  now = START
  readonly matches = new Matches((130 * SECOND) as Micros)
  readonly #grants = new Grants({ wall: () => this.now as Micros, boot: () => this.now as Micros })
  readonly #pipeline = new Pipeline(RULES, this.#grants, {
    own: { contains: () => false }, useUp: (_door, _spend, _asked, opens) => void opens(undefined), runOnce: () => {}, observeOnly: () => false, isPaused: () => false, isConnected: () => false,
    matched: ({ rule, address, time }) => this.matches.add(rule.name, address, time, this.#line),
  })
  begun = 0
  #line: StampedLine | undefined

  read(event: LiveEvent, backlog = false): Happening['event'][] {
    this.#line = event.uptime === undefined ? undefined : { source: event.source, uptime: event.uptime }
    const freshness = freshnessOf(event, backlog, { clocks: { wall: () => this.now as Micros }, matches: this.matches, maxAge: MAX_AGE, begun: this.begun as Micros })
    return freshness === 'stale' ? [] : this.#pipeline.read(event, freshness).map(({ event: name }) => name)
  }

  /** The next process, with what the ledger remembers. */
  restarted(): Front {
    const next = new Front()
    for (const [key, last] of this.matches.entries()) next.matches.restore(key, last)
    next.now = this.now
    return next
  }
}

describe('a live line', () => {
  it.each([[0, true], [-59, true], [-61, false], [59, true], [61, false]])('%i s from now counts: %s', (offset, counts) => {
    const front = new Front()
    const opened = [7000, 8000, 9000].flatMap((port, index) => front.read(syn(port, offset + index * 0.1)))
    expect(opened).toEqual(counts ? ['open'] : [])
  })

  it('of before the ledger was begun is history, for whoever reads it when', () => {
    const front = new Front()
    front.begun = START + SECOND / 2
    expect([7000, 8000, 9000].flatMap((port, index) => front.read(syn(port, index - 5), true))).toEqual([])
    expect([7000, 8000, 9000].flatMap((port, index) => front.read(syn(port, index), false))).toEqual(['open'])
  })
})

describe('after a restart', () => {
  const KNOCKS = [syn(7000, 1), syn(8000, 2), syn(9000, 3)]

  it('a sequence begun before it is finished after it', () => {
    const front = new Front()
    for (const knock of KNOCKS.slice(0, 2)) front.read(knock)
    const next = front.restarted()
    expect(KNOCKS.slice(0, 2).flatMap((knock) => next.read(knock, true))).toEqual([])
    expect(next.read(KNOCKS[2]!)).toEqual(['open'])
  })

  it('no line that is read again opens again, wherever the restart came and however often lines come twice', () => {
    fc.assert(fc.property(fc.nat(3), fc.array(fc.constantFrom(...KNOCKS, ...KNOCKS.map(retransmitted)), { maxLength: 12 }), (read, later) => {
      const front = new Front()
      front.now = START + 4 * SECOND
      const before = KNOCKS.slice(0, read).flatMap((knock) => front.read(knock))
      const next = front.restarted()
      const again = KNOCKS.flatMap((knock) => next.read(knock, true))
      next.now = START + 20 * SECOND
      expect([...before, ...again]).toEqual(['open'])
      // Packets sent again later, read live: copies of what was read as backlog.
      expect(later.flatMap((knock) => next.read(knock, false))).toEqual([])
    }))
  })

  it('no line opens again, also where this process finds it to be written a little later or earlier', () => {
    fc.assert(fc.property(fc.integer({ min: -900_000, max: 900_000 }), (shift) => {
      const [front, knock] = [new Front(), syn(6000, 1)]
      front.now = START + 2 * SECOND
      expect(front.read(knock)).toEqual(['open'])
      expect(front.restarted().read({ ...knock, time: (knock.time + shift) as Micros }, true)).toEqual([])
    }))
  })

  it('a burst opens nothing again, though other times are found for its lines, and what was stamped later does', () => {
    fc.assert(fc.property(fc.integer({ min: -30_000, max: 30_000 }), (shift) => {
      const burst = KNOCKS.map((knock, index) => ({ ...knock, time: (START + index * 40) as Micros, uptime: (500 + index * 40) as Micros }))
      const front = new Front()
      expect(burst.flatMap((knock) => front.read(knock))).toEqual(['open'])
      const next = front.restarted()
      expect(burst.flatMap((knock) => next.read({ ...knock, time: (knock.time + shift) as Micros }, true))).toEqual([])
      const later = [7000, 8000, 9000].map((port, index) => ({ ...syn(port, index / 1e6), uptime: (600 + index * 40) as Micros }))
      expect(later.flatMap((knock) => next.read(knock, true))).toEqual(['open'])
    }))
  })

  it('a new sequence opens, also within a minute', () => {
    const front = new Front()
    for (const knock of KNOCKS) front.read(knock)
    const next = front.restarted()
    for (const knock of KNOCKS) next.read(knock, true)
    next.now = START + 12 * SECOND
    expect([syn(7000, 10), syn(8000, 11), syn(9000, 12)].flatMap((knock) => next.read(knock))).toEqual(['open'])
  })
})

/** The same packet once more, 15 s later. */
function retransmitted(event: LiveEvent): LiveEvent {
  return { ...event, time: (event.time + 15 * SECOND) as Micros }
}
