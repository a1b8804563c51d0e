// Whole processes on one file, in turn: what a user waits for. GNU grep, which only finds the lines of the knocks, is the yardstick: so the
// numbers are ratios of times that were taken beside each other, the quickest of each.
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { generateLog, LOGS } from './generate.mjs'
import { dataFile, run, runInTurn } from './whole-process.mjs'

const LINES = 1_000_000
const ROUNDS = Number(process.argv[2] ?? 3)

const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const logOf = (format, lines = LINES) => dataFile(`${format}-${lines}.log`)
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

for (const format of Object.keys(CONFIGS)) await generateLog(logOf(format), format, LINES)

console.log('| log | command | lines/s | time | times grep | most memory |\n|---|---|---|---|---|---|')
for (const format of Object.keys(CONFIGS)) {
  const runs = runInTurn(Object.entries(commands(format)).map(([name, argv]) => ({ name, argv })), ROUNDS)
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
