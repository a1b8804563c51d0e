import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAddress, type Address } from '../parsers/address.ts'
import { connectionEvent, packet, type ConnectionEvent, type Port } from '../parsers/event.ts'
import type { Micros } from '../parsers/time.ts'
import { AddressKeys } from '../rules/address-column.ts'
import { newNote } from '../rules/note.ts'
import { PacketColumns } from '../rules/packet-columns.ts'

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

interface Place { readonly address: Address; readonly key: number | undefined; readonly note: unknown }

const GONE: Place = { address: HOSTS[0]!, key: undefined, note: undefined }

function notesOf(places: readonly Place[], host: Address): unknown[] {
  return places.filter((place) => place !== GONE && place.address === host).map(({ note }) => note)
}

function noteOf({ time, resolution, source, sport, seq, ipId, dir, dport }: PacketEvent, order: number): unknown {
  return newNote({ time, order, resolution, source, key: dport!, sport, seq, ipId, forwarded: dir === 'forward' }, NO_STEP)
}

describe('packets of those who have no trail', () => {
  it('are the notes that they would have been, of the last so many packets of all, until they are taken', () => {
    const step = fc.oneof({ weight: 9, arbitrary: packets }, { weight: 1, arbitrary: fc.constantFrom(...HOSTS) })
    fc.assert(fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const columns = new PacketColumns(LIMIT, new AddressKeys(1))
      /** As many as there are places, the oldest first. */
      let places: Place[] = Array.from({ length: LIMIT }, () => GONE)
      steps.forEach((next, order) => {
        if (typeof next === 'string') {
          expect(columns.take(next)).toEqual(notesOf(places, next))
          places = places.map((place) => (place.address === next ? GONE : place))
        } else {
          expect(columns.oldest).toEqual(places[0] === GONE ? undefined : { key: places[0]!.key, knocks: undefined })
          columns.add(next, next.dport!, order, undefined)
          places = [...places.slice(1), { address: next.src, key: next.dport, note: noteOf(next, order) }]
        }
        const kept = places.filter((place) => place !== GONE)
        expect([...columns.newestFirst()]).toEqual(kept.map(({ address, note }) => ({ address, note })).toReversed())
        expect(columns.size).toBe(kept.length)
        for (const host of HOSTS) {
          expect(columns.of(host)).toEqual(notesOf(places, host))
          expect(columns.has(host)).toBe(notesOf(places, host).length > 0)
        }
      })
    }), { numRuns: 300 })
  })

  it('are kept also where there are more than any but the largest limit lets there be', () => {
    const most = 700_000
    const columns = new PacketColumns(most, new AddressKeys(1))
    const shown = { proto: 'tcp' as const, dst: HOSTS[1]!, dport: 22 as Port }
    const add = (src: Address, order: number): void =>
      columns.add(connectionEvent(packet({ src, ...shown }), order as Micros, 1 as Micros, 'kernel') as PacketEvent, 22, order, undefined)
    for (let order = 0; order < most + 10; order++) add(order % 100_000 === 50 ? HOSTS[0]! : HOSTS[2]!, order)
    expect(columns.size).toBe(most)
    expect(columns.of(HOSTS[0]!).map(({ order }) => order)).toEqual([0, 1, 2, 3, 4, 5, 6].map((count) => 100_000 * count + 50))
  })

  it('are gone when they are to be forgotten', () => {
    const columns = new PacketColumns(LIMIT, new AddressKeys(1))
    const event = connectionEvent(packet({ proto: 'tcp', src: HOSTS[0]!, dst: HOSTS[1]!, dport: 22 as Port }), 0 as Micros, 1 as Micros, 'kernel')
    columns.add(event as PacketEvent, 22, 0, undefined)
    columns.clear()
    expect(columns.of(HOSTS[0]!)).toEqual([])
  })
})
