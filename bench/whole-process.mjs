import { spawnSync } from 'node:child_process'
import { mkdirSync, openSync, readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Logs that are generated, and what the programs print. */
const DATA = fileURLToPath(new URL('data/', import.meta.url))
mkdirSync(DATA, { recursive: true })
// grep stops at the first match if it sees /dev/null: all write into a file.
const output = openSync(`${DATA}output`, 'w')

export function dataFile(name) {
  return DATA + name
}

/** Seconds, and the most memory in MB. `input`: what is on its standard input. */
export function run([command, ...args], input = '/dev/null') {
  const facts = dataFile('time')
  const started = performance.now()
  const { status, stderr } = spawnSync('/usr/bin/time', ['-f', '%M', '-o', facts, command, ...args], {
    stdio: [openSync(input), output, 'pipe'], env: { ...process.env, LC_ALL: 'C.UTF-8' },
  })
  const seconds = (performance.now() - started) / 1000
  if (status !== 0) throw new Error(`${command}: exit ${status}\n${stderr}`)
  const peak = Number(readFileSync(facts, 'latin1')) / 1024
  rmSync(facts)
  return { seconds, peak }
}

/** The quickest of so many runs, in turn, and the most memory of any. */
export function runInTurn(commands, rounds) {
  const runs = commands.map((one) => ({ ...one, seconds: Infinity, peak: 0 }))
  for (let round = 0; round < rounds; round++) {
    for (const one of runs) {
      const { seconds, peak } = run(one.argv, one.input)
      one.seconds = Math.min(one.seconds, seconds)
      one.peak = Math.max(one.peak, peak)
    }
  }
  return runs
}
