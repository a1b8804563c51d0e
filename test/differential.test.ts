import { describe, expect, it } from 'vitest'
import { CONTEXTS, differenceIn, firstDifference } from '../fuzz/differential.ts'
import { randomOf } from '../fuzz/random.ts'
import { REFERENCE_DIALECTS } from '../fuzz/reference/index.ts'
import { DIALECTS } from '../parsers/dialects.ts'
import { logLines, SAMPLES } from './support/samples.ts'

const MUTATIONS = 20_000

/**
 * parsers/ against the slow reference parsers of fuzz/reference: whatever parsers/ reads in a line, the reference must read too, with
 * the same fields and the same stamp. parsers/ may refuse more.
 */
describe.each(REFERENCE_DIALECTS)('%s', (dialect) => {
  const lines = SAMPLES.filter((sample) => sample.dialect === dialect).flatMap(logLines)

  it('reads in samples what the reference reads', () => {
    expect(lines.flatMap((line) => CONTEXTS.flatMap((context) => differenceIn(dialect, line, context) ?? []))).toEqual([])
  })

  it('reads in mutated samples nothing that the reference does not read', { timeout: 120_000 }, () => {
    expect(firstDifference(dialect, lines, randomOf(1), MUTATIONS)).toBeUndefined()
  })
})

it('every dialect has a reference', () => {
  expect(REFERENCE_DIALECTS.toSorted()).toEqual(DIALECTS.map(({ name }) => name).toSorted())
})
