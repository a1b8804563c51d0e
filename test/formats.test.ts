import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { DIALECT_NAMES } from '../parsers/dialect-names.ts'
import { DIALECTS } from '../parsers/dialects.ts'
import { REASONS, type Reason } from '../parsers/reason.ts'
import { expectedOf, logLines, readingOf, readSample, SAMPLES } from './support/samples.ts'

/** Reasons that no sample can show. */
const EXCEPTIONS: ReadonlyMap<Reason, string> = new Map([
  ['no-forwarded-client', 'only a configured proxy forwards: test/proxies.test.ts'],
  ['wrong-prefix', 'only a configured source has a prefix: test/kernel.test.ts'],
  ['too-long', 'a line of 8 KiB helps no reader of the samples: test/conformance.test.ts, test/lines.test.ts'],
])

/** Who lies in the samples, and the lines in which nothing shows it (samples/formats/README.md says why). */
const LIARS = ['198.51.100.66', '203.0.113.66', '6.6.6.6']
const BELIEVED = ['kernel/iso:6', 'kernel/nginx-error-log:8', 'kernel/rfc3164:6']

describe.each(SAMPLES.map((sample) => [sample.name, sample] as const))('%s', (_name, sample) => {
  it('is read as its expectation says', async () => {
    const [reading, ...expected] = readFileSync(sample.expectation, 'utf8').trimEnd().split('\n')
    expect(JSON.parse(reading!)).toMatchObject({ parser: sample.dialect })
    expect(await readSample(sample, readingOf(sample))).toEqual(expected)
  })

  it('has one expectation for each line that is not empty', () => {
    const numbers = logLines(sample).flatMap((text, index) => (text === '' ? [] : [index + 1]))
    expect(expectedOf(sample).map(({ line }) => line)).toEqual(numbers)
  })
})

describe('all samples together', () => {
  const all = SAMPLES.flatMap((sample) => expectedOf(sample).map((expected) => ({ dialect: sample.dialect, reason: expected.reason })))

  it.each(DIALECTS.map(({ name }) => name))('show events and lines that give none: %s', (dialect) => {
    const reasons = all.filter((line) => line.dialect === dialect).map(({ reason }) => reason)
    expect(reasons).toContain(undefined)
    expect(reasons.some((reason) => reason !== undefined)).toBe(true)
  })

  it('believe no liar, but for what no line can show', () => {
    const believed = SAMPLES.flatMap((sample) => expectedOf(sample)
      .filter(({ src }) => src !== undefined && LIARS.includes(src)).map(({ line }) => `${sample.name}:${line}`))
    expect(believed.toSorted()).toEqual(BELIEVED)
  })

  it('are of dialects that exist', () => {
    expect([...new Set(SAMPLES.map(({ dialect }) => dialect))].toSorted()).toEqual(DIALECTS.map(({ name }) => name).toSorted())
  })

  it('show every reason, but for the exceptions', () => {
    const shown = new Set(all.map(({ reason }) => reason))
    const missing = (Object.keys(REASONS) as Reason[]).filter((reason) => !shown.has(reason))
    expect(missing.toSorted()).toEqual([...EXCEPTIONS.keys()].toSorted())
  })
})

describe('the names of dialects', () => {
  it('are those of the table', () => {
    expect(DIALECTS.map(({ name }) => name)).toEqual(DIALECT_NAMES)
  })
})
