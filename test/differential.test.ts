import { describe, expect, it } from 'vitest'
import { CONTEXTS, differenceIn } from '../fuzz/differential.ts'
import { mutate } from '../fuzz/mutate.ts'
import { randomOf } from '../fuzz/random.ts'
import { REFERENCE_DIALECTS } from '../fuzz/reference/index.ts'
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
    const random = randomOf(1)
    for (let count = 0; count < MUTATIONS; count++) {
      const line = mutate(random.pick(lines), random, lines)
      for (const context of CONTEXTS) expect(differenceIn(dialect, line, context)).toBeUndefined()
    }
  })
})
