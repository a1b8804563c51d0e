import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { firstBroken } from '../fuzz/campaign.ts'
import { readCorpus } from '../fuzz/corpus.ts'
import { mutate } from '../fuzz/mutate.ts'
import { randomOf } from '../fuzz/random.ts'
import { TARGETS } from '../fuzz/targets/index.ts'

/** `npm run fuzz` goes on for as long as it is told, and looks which code its mutations reach. */
const MUTATIONS = 1000
/** Of these one run takes milliseconds. */
const SLOW = new Set(['config-native', 'ledger-slots'])

function* mutations(texts: readonly string[], count: number): Generator<string> {
  const random = randomOf(2)
  for (let done = 0; done < count; done++) yield mutate(random.pick(texts), random, texts)
}

/** Bytes as one character each. */
const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array).toString('latin1'))

describe.each(TARGETS.map((target) => [target.name, target] as const))('%s', (name, target) => {
  const texts = [...target.seeds(), ...readCorpus(name)]

  it('holds for its seeds and all that the fuzzer found', async () => {
    expect(await firstBroken(target, texts)).toBeUndefined()
  })

  it('holds for mutations of these', async () => {
    expect(await firstBroken(target, mutations(texts, SLOW.has(name) ? MUTATIONS / 10 : MUTATIONS))).toBeUndefined()
  })

  it('holds for any bytes, also amid what it knows', async () => {
    const any = fc.tuple(fc.constantFrom(...texts), fc.double({ min: 0, max: 1, noNaN: true }), bytes, fc.boolean()).map(([text, at, more, isAlone]) => {
      const place = Math.floor(at * text.length)
      return isAlone ? more : text.slice(0, place) + more + text.slice(place)
    })
    await fc.assert(fc.asyncProperty(any, async (text) => void await target.run(text)), { numRuns: 50 })
  })
})
