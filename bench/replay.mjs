// Whole processes on one file, in turn: what a user waits for. GNU grep, which only finds the lines of the knocks, is the yardstick: so the
// numbers are ratios of times that were taken beside each other, the quickest of each.
import { spawnSync } from 'node:child_process'
import { mkdirSync, openSync, readFileSync, rmSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { generateLog, LOGS } from './generate.mjs'

const LINES = 1_000_000
const ROUNDS = Number(process.argv[2] ?? 3)

const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const logOf = (format, lines = LINES) => here(`data/${format}-${lines}.log`)
const bin = here('../dist/src/bin.js')
const CONFIGS = { kernel: 'knocktail.conf', pflog: 'knocktail.conf', clf: 'web.conf' }

function commands(format, log = logOf(format)) {
  const read = ['--parser', format, '--json', log]
  return {
    'grep -cE': ['grep', '-cE', LOGS[format].knocks, log],
    replay: [process.execPath, bin, 'replay', '-c', here(CONFIGS[format]), ...read],
    ...(format === 'kernel' && { parse: [process.execPath, bin, 'parse', ...read] }),
  }
}

mkdirSync(here('data'), { recursive: true })
// grep stops at the first match if it sees /dev/null: all write into a file.
const output = openSync(here('data/output'), 'w')

/** Seconds, and the most memory in MB. */
function run([command, ...args]) {
  const facts = here('data/time')
  const started = performance.now()
  const { status, stderr } = spawnSync('/usr/bin/time', ['-f', '%M', '-o', facts, command, ...args], { stdio: ['ignore', output, 'pipe'], env: { ...process.env, LC_ALL: 'C.UTF-8' } })
  const seconds = (performance.now() - started) / 1000
  if (status !== 0) throw new Error(`${command}: exit ${status}\n${stderr}`)
  const peak = Number(readFileSync(facts, 'latin1')) / 1024
  rmSync(facts)
  return { seconds, peak }
}

for (const format of Object.keys(LOGS)) await generateLog(logOf(format), format, LINES)

console.log('| log | command | lines/s | time | times grep | most memory |\n|---|---|---|---|---|---|')
for (const format of Object.keys(LOGS)) {
  const runs = Object.entries(commands(format)).map(([name, command]) => ({ name, command, seconds: Infinity, peak: 0 }))
  for (let round = 0; round < ROUNDS; round++) {
    for (const one of runs) {
      const { seconds, peak } = run(one.command)
      one.seconds = Math.min(one.seconds, seconds)
      one.peak = Math.max(one.peak, peak)
    }
  }
  const size = (statSync(logOf(format)).size / 1e6).toFixed(0)
  for (const { name, seconds, peak } of runs) {
    console.log(`| ${format}, ${size} MB | ${name} | ${(LINES / seconds / 1e6).toFixed(2)} M | ${seconds.toFixed(2)} s | ${(seconds / runs[0].seconds).toFixed(1)} | ${peak.toFixed(0)} MB |`)
  }
}

const TEN = 10 * LINES
if (process.argv.includes('--ten')) {
  await generateLog(logOf('kernel', TEN), 'kernel', TEN)
  const { seconds, peak } = run(commands('kernel', logOf('kernel', TEN)).replay)
  console.log(`\nten times the lines: ${seconds.toFixed(2)} s, ${peak.toFixed(0)} MB`)
}
