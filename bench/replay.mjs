import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, openSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { generateKernelLog } from './generate.mjs'

/** Whole processes on one file, in turn: what a user waits for. Lines a second of the median run, and the ratio to grep. */
const LINES = 1_000_000
const ROUNDS = 3

const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const log = here('data/kern.log')
const bin = here('../dist/src/bin.js')

const COMMANDS = {
  'grep -cE (finds the knocks)': ['grep', '-cE', 'SRC=[0-9.]+ .*DPT=(7000|8000|9000) ', log],
  'knocktail parse --json': [process.execPath, bin, 'parse', '--parser', 'kernel', '--json', log],
  'knocktail replay --json': [process.execPath, bin, 'replay', '-c', here('knocktail.conf'), '--parser', 'kernel', '--json', log],
}

mkdirSync(here('data'), { recursive: true })
if (!existsSync(log)) await generateKernelLog(log, LINES)

// grep stops at the first match if it sees /dev/null: all write into a file.
const output = openSync(here('data/output'), 'w')
const seconds = Object.fromEntries(Object.keys(COMMANDS).map((name) => [name, []]))
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, [command, ...args]] of Object.entries(COMMANDS)) {
    const started = performance.now()
    const { status, stderr } = spawnSync(command, args, { stdio: ['ignore', output, 'pipe'], env: { ...process.env, LC_ALL: 'C.UTF-8' } })
    if (status !== 0) throw new Error(`${name}: exit ${status}\n${stderr}`)
    seconds[name].push((performance.now() - started) / 1000)
  }
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
const grep = median(seconds[Object.keys(COMMANDS)[0]])
console.log(`${LINES.toLocaleString('en')} kernel lines, ${(statSync(log).size / 1e6).toFixed(0)} MB, median of ${ROUNDS} runs\n`)
console.log('| command | lines/s | time | times grep |\n|---|---|---|---|')
for (const [name, runs] of Object.entries(seconds)) {
  const time = median(runs)
  console.log(`| ${name} | ${(LINES / time / 1e6).toFixed(2)} M | ${time.toFixed(2)} s | ${(time / grep).toFixed(1)} |`)
}
