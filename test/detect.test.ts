import { describe, expect, it } from 'vitest'
import type { Micros, Stamp } from '../parsers/time.ts'
import { detectDialect, detectSpans } from '../src/sources/detect.ts'
import { expectedOf, logLines, openSample, readingOf, SAMPLES } from './support/samples.ts'

/** Samples that look like another dialect's: the reader must be told. */
const UNTOLD: ReadonlyMap<string, string> = new Map([
  ['openbsd-httpd/common', 'is clf with a host in front, letter by letter; only user names and quotes are written otherwise'],
])

describe('the dialect of a log', () => {
  const told = SAMPLES.filter((sample) => expectedOf(sample).some(({ reason }) => reason === undefined))

  it.each(told.map((sample) => [sample.name, sample] as const))('%s', (_name, sample) => {
    const events = expectedOf(sample).filter(({ reason }) => reason === undefined).length
    const detection = detectDialect(logLines(sample))
    expect(detection?.dialect.name === sample.dialect).toBe(!UNTOLD.has(sample.name))
    expect(detection!.understood).toBeGreaterThanOrEqual(events)
  })

  it.each([
    ['nothing', []], ['empty lines', ['', '']], ['prose', ['Dear diary,', 'today nobody knocked.']], ['an error log', ['2026/11/20 23:42:50 [error] 4873#4873: *1 open() failed']],
  ])('is unknown: %s', (_what, lines) => {
    expect(detectDialect(lines)).toBeUndefined()
  })

  it('is the one that understands the most, not the first that understands any', () => {
    const packet = 'ipfw: 100 Deny TCP 192.0.2.123:10584 192.0.2.31:22 in via em0'
    const request = '192.0.2.7 - - [20/Nov/2026:23:42:50 +0000] "GET /a HTTP/1.1" 404 153 "-" "-"'
    expect(detectDialect([packet, request, request])).toMatchObject({ dialect: { name: 'clf' }, understood: 2, tried: 3 })
    expect(detectDialect([packet, packet, request])).toMatchObject({ dialect: { name: 'ipfw' }, understood: 2, tried: 3 })
  })

  it('is found behind many lines of other programs', () => {
    const boot = Array.from({ length: 1500 }, (_, index) => `[    0.${String(index).padStart(6, '0')}] pci 0000:00:00.0: [8086:1237]`)
    const packet = '[ 1261.704253] knock: IN=eth0 OUT= MAC= SRC=192.0.2.123 DST=192.0.2.31 LEN=49 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=UDP SPT=5 DPT=7 LEN=9 '
    expect(detectDialect([...boot, packet])).toMatchObject({ dialect: { name: 'kernel' }, understood: 1, tried: 1501 })
  })
})

describe('what spans count from', () => {
  const stamps = (seconds: readonly number[], kind: 'since-first' | 'since-previous' = 'since-first'): Stamp[] =>
    seconds.map((second) => ({ kind, at: Math.round(second * 1e6) as Micros, resolution: 1 as Micros }))

  it.each([
    ['growing', [0, 5.9, 6, 6.1, 7], 'since-first'],
    ['growing, with one out of order', [0, 5.9, 6, 0.1, 6.2, 6.3, 6.4, 6.5, 6.6, 6.7, 6.8, 6.9], 'since-first'],
    ['growing, begun anew', [1, 2, 3, 4, 0, 1, 2, 3, 4, 5], 'since-first'],
    ['up and down', [0, 5.9, 0.0016, 0.1, 0.8, 0.1, 0.1], 'since-previous'],
    ['behind an instant', [1_700_000_000.5, 5.9, 0.0016, 0.1, 0.1, 0.6], 'since-previous'],
    ['one', [5.9], 'since-first'],
  ] as const)('%s', (_what, seconds, expected) => {
    expect(detectSpans(stamps(seconds))).toBe(expected)
  })

  // Known: `falls > (spans.length - 1) / 10` is 0 > -0.1. It only matters to a log whose spans begin behind its head.
  it('is their first, where there are none yet', () => {
    expect(detectSpans([])).toBe('since-first')
    expect(detectSpans([...stamps([0, 5, 0.1, 5, 0.1], 'since-previous'), { kind: 'none' }])).toBe('since-first')
  })

  it('is found in the samples: every -t form of one capture tells the same instants', () => {
    const times = (name: string): unknown[] => expectedOf(SAMPLES.find((sample) => sample.name === name)!).map(({ time }) => time)
    for (const form of ['tttt', 'ttttt']) expect(times(`pflog/openbsd-${form}`)).toEqual(times('pflog/openbsd-tt'))
  })
})

it('the reader says what it found out', async () => {
  const sample = SAMPLES.find(({ name }) => name === 'kernel/rfc3164')!
  const told = await openSample(sample, readingOf(sample))
  expect(told.facts).toMatchObject({ dialect: { name: 'kernel' }, detected: undefined, zoneless: true })
})
