import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

/** The house's one direction, held: who may import what. */

const root = fileURLToPath(new URL('..', import.meta.url))

interface Import { readonly from: string; readonly to: string }

const files = ['parsers', 'rules', 'src'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts')).map((name) => `${folder}/${name}`))

const imports: Import[] = files.flatMap((from) => {
  const text = readFileSync(join(root, from), 'utf8')
  return [...text.matchAll(/^(?:import|export)\b[^'"]*?from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm)].map((found) => {
    const target = (found[1] ?? found[2] ?? found[3])!
    return { from, to: target.startsWith('.') ? normalize(join(dirname(from), target)) : target }
  })
})

/** Which files and packages each part may import, as beginnings of their names. The first part that fits counts. */
const MAY_IMPORT: readonly (readonly [part: string, allowed: readonly string[]])[] = [
  ['parsers/', ['parsers/', 'ipaddr.js']],
  ['rules/', ['rules/', 'parsers/event.ts', 'parsers/address.ts', 'parsers/network.ts', 'parsers/time.ts']],
  ['src/config/', ['src/config/', 'src/error.ts', 'src/printable.ts', 'rules/', 'parsers/', 'node:', 'ini', 'valibot']],
  ['src/sources/', ['src/sources/', 'src/error.ts', 'src/printable.ts', 'parsers/', 'node:']],
  ['src/grants/', ['src/grants/', 'src/config/config.ts', 'parsers/', 'ipaddr.js']],
  ['src/cli/', ['src/', 'rules/', 'parsers/', 'node:', 'commander', 'cli-progress', 'picocolors']],
  ['src/bin.ts', ['src/cli/']],
  ['src/', ['src/', 'rules/', 'parsers/', 'node:']],
]

describe('the import graph', () => {
  it.each(MAY_IMPORT)('%s imports only what comes before it', (part, allowed) => {
    const own = imports.filter(({ from }) => MAY_IMPORT.find(([first]) => from.startsWith(first))?.[0] === part)
    expect(own.length).toBeGreaterThan(0)
    expect(own.filter(({ to }) => !allowed.some((beginning) => to.startsWith(beginning)))).toEqual([])
  })

  it('nothing but the command line knows the command line', () => {
    expect(imports.filter(({ from, to }) => to.startsWith('src/cli/') && !from.startsWith('src/cli/') && from !== 'src/bin.ts')).toEqual([])
  })

  it('only the pipeline knows both the matcher and the grants', () => {
    const knows = (target: string): string[] => imports.filter(({ to }) => to === target).map(({ from }) => from)
    expect(knows('rules/matcher.ts').filter((file) => knows('src/grants/grants.ts').includes(file))).toEqual(['src/pipeline.ts'])
  })

  it('has no cycle', () => {
    const reaches = (start: string, file: string, seen = new Set<string>()): boolean =>
      imports.some(({ from, to }) => from === file && (to === start || (!seen.has(to) && seen.add(to) && reaches(start, to, seen))))
    expect(files.filter((file) => reaches(file, file))).toEqual([])
  })
})

describe('parsers and rules are pure', () => {
  it.each(files.filter((file) => !file.startsWith('src/')))('%s asks the machine for nothing', (file) => {
    const code = readFileSync(join(root, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
    expect(code).not.toMatch(/\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bprocess\.|\bconsole\.|\bperformance\.|\bset(?:Timeout|Interval)\b/)
  })
})
