import fc from 'fast-check'
import type { ConnectionEvent } from '../../parsers/event.ts'
import { SECOND, type Micros } from '../../parsers/time.ts'
import { event, ms, portSteps, staticRule } from './history.ts'

/** Histories and rules by chance. */

const stepPort = fc.constantFrom(7000, 8000, 9000)
interface From { readonly source: string; readonly resolution: Micros }

export const one: fc.Arbitrary<From> = fc.constant({ source: 'log', resolution: 1 as Micros })
export const several: fc.Arbitrary<From> = fc.constantFrom(
  { source: 'kernel', resolution: 1 as Micros }, { source: 'web', resolution: SECOND }, { source: 'pflog', resolution: 1 as Micros },
)

/** One event within a few seconds; now and then from a port of before, on another port, not a SYN, or over UDP. */
export const anyEvent = (sources: fc.Arbitrary<From>): fc.Arbitrary<ConnectionEvent> => fc.record({
  tenths: fc.integer({ min: 0, max: 40 }),
  port: fc.oneof({ weight: 5, arbitrary: stepPort }, { weight: 1, arbitrary: fc.constantFrom(22, 80, 443) }),
  sport: fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.constantFrom(1, 2) }),
  proto: fc.oneof({ weight: 8, arbitrary: fc.constant('tcp' as const) }, { weight: 1, arbitrary: fc.constant('udp' as const) }),
  flags: fc.oneof({ weight: 12, arbitrary: fc.constant(2) }, { weight: 1, arbitrary: fc.constant(18) }),
  seq: fc.constantFrom(undefined, undefined, 5, 6),
  from: sources,
}).map(({ tenths, port, sport, proto, flags, seq, from }) => {
  const time = Math.floor((tenths * 100_000) / from.resolution) * from.resolution
  return event(time / 1000, { port, proto, flags, ...from, ...(sport && { sport }), ...(seq && { seq }) })
})

export const anyRule = fc.record({
  ports: fc.array(fc.oneof(stepPort, fc.constant('9000:udp')), { minLength: 1, maxLength: 4 }),
  reorder: fc.constantFrom<Micros | 'any'>(0 as Micros, ms(300), ms(1000), 'any'),
  seqTimeout: fc.constantFrom(ms(1000), ms(2500), ms(25_000)),
  otherPorts: fc.integer({ min: 0, max: 2 }),
}).map(({ ports, ...parts }) => staticRule(portSteps(...ports), parts))
