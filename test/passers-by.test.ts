import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAddress } from '../parsers/address.ts'
import { connectionEvent, packet, type ConnectionEvent, type Port } from '../parsers/event.ts'
import type { Micros } from '../parsers/time.ts'
import { newNote } from '../rules/note.ts'
import { PassersBy } from '../rules/passers-by.ts'

type PacketEvent = ConnectionEvent & { readonly kind: 'packet' }

const LIMIT = 16
const HOSTS = ['192.0.2.1', '192.0.2.2', '2001:db8::7'].map((text) => parseAddress(text)!)

const packets = fc.record({
  src: fc.constantFrom(...HOSTS),
  proto: fc.constantFrom('tcp' as const, 'udp' as const),
  sport: fc.option(fc.nat(65_535).map((port) => port as Port), { nil: undefined }),
  dport: fc.nat(65_535).map((port) => port as Port),
  seq: fc.option(fc.nat(0xffffffff), { nil: undefined }),
  ipId: fc.option(fc.nat(65_535), { nil: undefined }),
  dir: fc.constantFrom('in' as const, 'forward' as const, undefined),
  time: fc.nat(1e15),
  resolution: fc.constantFrom(1, 1_000_000),
  source: fc.constantFrom('kernel', 'file'),
}).map(({ time, resolution, source, ...shown }) =>
  connectionEvent(packet({ dst: HOSTS[0]!, ...shown }), time as Micros, resolution as Micros, source) as PacketEvent)

const NO_STEP = { knocks: undefined, drawnFrom: undefined }

function noteOf({ time, resolution, source, sport, seq, ipId, dir, dport }: PacketEvent, order: number): unknown {
  return newNote({ time, order, resolution, source, key: dport!, sport, seq, ipId, forwarded: dir === 'forward' }, NO_STEP)
}

describe('packets of those who have not knocked', () => {
  it('are the notes that they would have been, of the last so many packets of all', () => {
    fc.assert(fc.property(fc.array(packets, { maxLength: 60 }), (events) => {
      const passersBy = new PassersBy(LIMIT, 1)
      events.forEach((event, order) => passersBy.add(event, event.dport!, order))
      const kept = events.map((event, order) => ({ src: event.src, note: noteOf(event, order) })).slice(-LIMIT)
      for (const host of HOSTS) expect(passersBy.of(host)).toEqual(kept.filter(({ src }) => src === host).map(({ note }) => note))
    }), { numRuns: 1000 })
  })

  it('are gone when they are to be forgotten', () => {
    const passersBy = new PassersBy(LIMIT, 1)
    const event = connectionEvent(packet({ proto: 'tcp', src: HOSTS[0]!, dst: HOSTS[1]!, dport: 22 as Port }), 0 as Micros, 1 as Micros, 'kernel')
    passersBy.add(event as PacketEvent, 22, 0)
    passersBy.clear()
    expect(passersBy.of(HOSTS[0]!)).toEqual([])
  })
})
