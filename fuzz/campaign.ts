import type { Coverage } from './coverage.ts'
import { mutate } from './mutate.ts'
import type { Random } from './random.ts'
import { shrink } from './shrink.ts'
import type { Target } from './target.ts'

/** What a campaign against one target gave. */
export interface Result {
  readonly runs: number
  /** The texts that reached something new, beside those that were there. */
  readonly found: readonly string[]
  /** The smallest text that breaks an invariant. */
  readonly failure: Failure | undefined
}

/** Counters are read once for so many texts: reading takes as long as some hundred of them. */
const BATCH = 200
/** Longer texts are cut: the limits beyond are the linear-time tests' business. */
const LONGEST = 4096

/**
 * Mutates texts, and keeps those that reach code which none before them reached, or end in another way than all before, to be mutated
 * again (as AFL does). Ends at the time or with the first failure.
 */
export async function campaign(target: Target, start: readonly string[], random: Random, until: number, coverage: Coverage): Promise<Result> {
  const labels = new Set<string>()
  const corpus = [...start]
  const failed = await firstBroken(target, corpus, labels)
  if (failed !== undefined) return { runs: corpus.length, found: [], failure: await smallest(target, failed.text) }
  coverage.isNew('keep')
  let runs = corpus.length
  while (Date.now() < until) {
    const batch = Array.from({ length: BATCH }, () => mutate(random.pick(corpus), random, corpus).slice(0, LONGEST))
    runs += batch.length
    for (const text of batch) {
      const label = await tryOne(target, text)
      if (typeof label !== 'string') return { runs, found: corpus.slice(start.length), failure: await smallest(target, text) }
      if (labels.has(label)) continue
      labels.add(label)
      corpus.push(text)
    }
    if (coverage.isNew('ask')) corpus.push(...await singleOut(target, batch, coverage))
  }
  return { runs, found: corpus.slice(start.length), failure: undefined }
}

/** Of a batch that reached new code, the texts that do it. */
async function singleOut(target: Target, batch: readonly string[], coverage: Coverage): Promise<string[]> {
  const inBatch = coverage.forget()
  const found: string[] = []
  for (const text of batch) {
    await tryOne(target, text)
    if (coverage.isNew('keep')) found.push(text)
  }
  coverage.remember(inBatch)
  return found
}

export interface Failure {
  readonly text: string
  /** What it breaks. */
  readonly message: string
}

/** Runs each until one breaks an invariant. `labels` gets how they ended. */
export async function firstBroken(target: Target, texts: Iterable<string>, labels = new Set<string>()): Promise<Failure | undefined> {
  for (const text of texts) {
    const label = await tryOne(target, text)
    if (typeof label !== 'string') return { text, message: String(label) }
    labels.add(label)
  }
  return undefined
}

async function tryOne(target: Target, text: string): Promise<string | Error> {
  try {
    return await target.run(text)
  } catch (error) {
    return error as Error
  }
}

/** Made as small as it gets while something of the same kind is broken. */
async function smallest(target: Target, text: string): Promise<Failure> {
  const first = await tryOne(target, text) as Error
  const small = await shrink(text, async (shorter) => {
    const outcome = await tryOne(target, shorter)
    return typeof outcome !== 'string' && outcome.constructor === first.constructor
  })
  const last = await tryOne(target, small) as Error
  return { text: small, message: last.message }
}

/** Of texts, those that are needed to reach all that they reach and to end in all ways: the shortest first. */
export async function distil(target: Target, always: readonly string[], texts: readonly string[], coverage: Coverage): Promise<string[]> {
  const labels = new Set<string>()
  await firstBroken(target, always, labels)
  coverage.isNew('keep')
  const needed: string[] = []
  for (const text of texts.toSorted((a, b) => a.length - b.length)) {
    const label = await tryOne(target, text) as string
    if (!coverage.isNew('keep') && labels.has(label)) continue
    labels.add(label)
    needed.push(text)
  }
  return needed
}
