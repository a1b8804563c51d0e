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
  ['rules/derive/', ['rules/derive/', 'parsers/event.ts', 'parsers/address.ts', 'parsers/time.ts', 'node:crypto']],
  ['rules/', ['rules/', 'parsers/event.ts', 'parsers/address.ts', 'parsers/network.ts', 'parsers/time.ts']],
  ['src/config/', ['src/config/', 'src/error.ts', 'src/printable.ts', 'src/ownership.ts', 'rules/', 'parsers/', 'node:', 'ini', 'valibot']],
  ['src/sources/', ['src/sources/', 'src/config/config.ts', 'src/clocks.ts', 'src/error.ts', 'src/printable.ts', 'parsers/', 'node:', 'chokidar']],
  ['src/grants/', ['src/grants/', 'rules/spent.ts', 'src/config/config.ts', 'src/config/firewalls.ts', 'src/clocks.ts', 'src/firewalls/target.ts', 'src/firewalls/command-choice.ts', 'parsers/', 'node:', 'ipaddr.js', 'valibot']],
  ['src/firewalls/', ['src/firewalls/', 'src/grants/admission.ts', 'src/config/', 'src/clocks.ts', 'src/error.ts', 'src/printable.ts', 'parsers/', 'node:']],
  ['src/one-time/', ['src/one-time/', 'src/firewalls/', 'src/config/', 'src/error.ts', 'src/ownership.ts', 'node:']],
  ['src/helper/', ['src/helper/', 'src/one-time/', 'src/wire.ts', 'src/own-folder.ts', 'src/firewalls/', 'src/config/', 'src/grants/admission.ts', 'src/clocks.ts', 'src/error.ts', 'src/printable.ts', 'parsers/', 'node:']],
  ['src/front/', ['src/front/', 'src/wire.ts', 'src/firewalls/', 'src/config/', 'src/error.ts', 'src/printable.ts', 'parsers/', 'node:']],
  ['src/doors/', ['src/doors/', 'src/firewalls/', 'src/grants/', 'src/front/helper.ts', 'src/config/', 'src/clocks.ts', 'parsers/', 'rules/', 'node:', 'p-queue']],
  ['src/guard/', ['src/guard/', 'src/grants/grants.ts', 'src/config/config.ts', 'src/happening.ts', 'parsers/', 'rules/decision.ts', 'rules/key.ts', 'rules/knock.ts', 'rules/rule.ts']],
  ['src/client/', ['src/client/', 'src/config/', 'src/firewalls/whole-file.ts', 'src/firewalls/run.ts', 'src/ownership.ts', 'src/error.ts', 'src/printable.ts', 'rules/', 'parsers/', 'node:']],
  ['src/log/', ['src/log/', 'src/doors/door-event.ts', 'src/firewalls/target.ts', 'src/sources/source.ts', 'src/config/', 'src/clocks.ts', 'src/error.ts', 'src/happening.ts', 'src/story.ts', 'src/printable.ts', 'parsers/', 'pino', 'picocolors']],
  ['src/history/', ['src/history/', 'src/sources/', 'src/log/event.ts', 'src/config/', 'src/clocks.ts', 'src/error.ts', 'src/json-line.ts', 'src/printable.ts', 'parsers/', 'node:', 'valibot']],
  ['src/machine/', ['src/machine/', 'src/firewalls/', 'src/sources/source-dialect.ts', 'src/sources/live-clock.ts', 'src/log-end.ts', 'src/config/', 'src/printable.ts', 'parsers/', 'node:']],
  ['src/init/', ['src/init/', 'src/machine/world.ts', 'src/config/', 'src/error.ts', 'src/printable.ts', 'rules/derive/', 'parsers/network.ts', 'node:']],
  ['src/metrics/', ['src/metrics/', 'src/control/controlled.ts', 'src/log/event.ts', 'src/tally.ts', 'node:', 'prom-client']],
  ['src/report/', ['src/report/', 'src/config/duration.ts', 'src/printable.ts', 'parsers/', 'node:']],
  ['src/explain/', ['src/explain/', 'src/config/', 'src/happening.ts', 'src/replay.ts', 'src/story.ts', 'src/printable.ts', 'rules/', 'parsers/']],
  ['src/control/', ['src/control/', 'src/socket-answers.ts', 'src/log/event.ts', 'src/clocks.ts', 'src/error.ts', 'src/json-line.ts', 'src/printable.ts', 'parsers/', 'node:', 'valibot']],
  ['src/daemon/', ['src/', 'rules/', 'parsers/', 'node:', 'chokidar']],
  ['src/plug-in.ts', ['src/', 'parsers/', 'node:', 'valibot']],
  ['src/story.ts', ['src/', 'parsers/', 'picocolors']],
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

  it('what reads log text knows nothing of firewalls, and what moves firewalls reads no log', () => {
    const reaches = (start: string, seen = new Set([start])): Set<string> => {
      for (const { to } of imports.filter(({ from }) => from === start)) if (!seen.has(to)) reaches(to, seen.add(to))
      return seen
    }
    const helper = files.filter((file) => file.startsWith('src/helper/')).flatMap((file) => [...reaches(file)])
    expect(helper.filter((file) => file.startsWith('src/sources/') || file.startsWith('src/log/') || file.startsWith('rules/matcher'))).toEqual([])
    const sources = files.filter((file) => file.startsWith('src/sources/')).flatMap((file) => [...reaches(file)])
    expect(sources.filter((file) => /^src\/(?:firewalls|helper|doors|grants)\//.test(file) && file !== 'src/firewalls/target.ts')).toEqual([])
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
