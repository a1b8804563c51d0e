import { parseArgs } from 'node:util'
import { campaign, distil } from './campaign.ts'
import { readCorpus, writeCorpus } from './corpus.ts'
import { Coverage } from './coverage.ts'
import { firstDifference } from './differential.ts'
import { randomOf } from './random.ts'
import { REFERENCE_DIALECTS } from './reference/index.ts'
import { sampleLines, type Target } from './target.ts'
import { TARGETS } from './targets/index.ts'

/**
 * npm run fuzz -- [--seconds N] [--seed N] [--target NAME]... [--keep]     coverage-guided, all targets in turn
 * npm run fuzz -- --million [--seed N] [--target NAME]...                  a million mutated lines of each dialect against the reference
 *
 * A seed gives the same mutations again; what is kept of them also depends on how far they get in the time. Exit 1: something is broken.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    target: { type: 'string', multiple: true },
    keep: { type: 'boolean', default: false },
    million: { type: 'boolean', default: false },
  },
})
const seed = Number(values.seed)
const isChosen = (name: string): boolean => values.target === undefined || values.target.includes(name)
const say = (line: string): void => void process.stdout.write(`${line}\n`)

say(`seed ${seed}`)
if (values.million) million()
else await fuzz(TARGETS.filter(({ name }) => isChosen(name)), Number(values.seconds))

function million(): void {
  for (const dialect of REFERENCE_DIALECTS.filter(isChosen)) {
    const difference = firstDifference(dialect, sampleLines(dialect), randomOf(seed), 1_000_000)
    say(`${dialect.padEnd(16)} ${difference === undefined ? 'a million mutated lines, no difference' : JSON.stringify(difference, undefined, 2)}`)
    if (difference !== undefined) process.exitCode = 1
  }
}

async function fuzz(targets: readonly Target[], seconds: number): Promise<void> {
  for (const target of targets) {
    const coverage = new Coverage()
    const [seeds, kept] = [target.seeds(), readCorpus(target.name)]
    const until = Date.now() + seconds * 1000 / targets.length
    const { runs, found, failure } = await campaign(target, [...seeds, ...kept], randomOf(seed), until, coverage)
    say(`${target.name.padEnd(16)} ${runs} texts, ${found.length} of them new ways, ${coverage.size} characters of code reached`)
    coverage.close()
    if (failure !== undefined) {
      say(`  BROKEN by ${JSON.stringify(failure.text)}\n  ${failure.message}`)
      process.exitCode = 1
    } else if (values.keep) await keep(target, seeds, [...kept, ...found])
  }
}

/** What is kept is needed: each text reaches what none before it did. */
async function keep(target: Target, seeds: readonly string[], texts: readonly string[]): Promise<void> {
  const coverage = new Coverage()
  writeCorpus(target.name, await distil(target, seeds, texts, coverage))
  coverage.close()
}
