import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

/** docs/attacks.md names a test for each attack, or says that it is not resisted. */

const root = fileURLToPath(new URL('..', import.meta.url))

const ROWS = readFileSync(`${root}docs/attacks.md`, 'utf8').split('\n')
  .map((line) => /^\| ([AL]\d+) .+ \| (.+) \| ?(.*) \|$/.exec(line))
  .flatMap((found) => (found ? [{ attack: found[1]!, resists: found[2]!, tests: found[3]!.split('; ').filter((test) => test !== '') }] : []))

const series = (letter: string, last: number): string[] => Array.from({ length: last }, (_, index) => `${letter}${index + 1}`)

it('has every attack once', () => expect(ROWS.map(({ attack }) => attack)).toEqual([...series('A', 14), ...series('L', 11)]))

it.each(ROWS)('$attack names tests that are there, or says that it is not resisted', ({ resists, tests }) => {
  if (tests.length === 0) expect(resists).toMatch(/^not resisted: /)
  for (const test of tests) {
    const [, file, title] = /^([a-z./-]+)(?:: "([^"]+)")?$/.exec(test)!
    const path = `${root}test/${file}.test.ts`
    expect([test, existsSync(path)]).toEqual([test, true])
    if (title !== undefined) expect(readFileSync(path, 'utf8').replaceAll("\\'", "'")).toMatch(new RegExp(`['"\`]${title.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}`))
  }
})
