// A million addresses with one first knock each, within twenty seconds, while somebody is two knocks into the sequence; beside it a fifth of
// them, which is more than are remembered, too (max_attempts, its default): memory must be the same, and he must come in. And as many as are
// remembered that knock again and again in any order, so that of each there is more to remember.
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, existsSync, mkdirSync, renameSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { LOGS } from './generate.mjs'

const ROWS = [
  { who: '200,000 strangers with one knock', name: 'strangers-200000', knocks: 200_000, stranger: (number) => number },
  { who: '1,000,000 strangers with one knock', name: 'strangers-1000000', knocks: 1_000_000, stranger: (number) => number },
  // Fibonacci hashing: one after the other, in no order.
  { who: '131,072 strangers with eight knocks', name: 'crowd', knocks: 1_048_576, stranger: (number) => Math.imul(number, 0x9e3779b1) >>> 15 },
]
/** So many lines have the stamp of one line of generate.mjs, which are 500 microseconds apart. */
const LINES_A_STAMP = 25
const USER = '198.51.100.7'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))
mkdirSync(here('data'), { recursive: true })

console.log('| log | lines/s | most memory | who was two knocks ahead |\n|---|---|---|---|')
for (const { who, name, knocks, stranger } of ROWS) {
  const log = here(`data/${name}.log`)
  await generate(log, knocks, stranger)
  const { seconds, peak, opened } = replay(log)
  console.log(`| ${who} | ${(knocks / seconds / 1e6).toFixed(2)} M | ${peak.toFixed(0)} MB | ${opened ? 'came in' : 'was forgotten'} |`)
}

async function generate(path, knocks, stranger) {
  if (existsSync(path)) return
  const file = createWriteStream(`${path}.part`)
  const write = async (number, src, dport) => {
    const line = LOGS.kernel.line({ line: Math.floor(number / LINES_A_STAMP), src, sport: 1024 + (number % 60_000), dport })
    if (!file.write(line)) await once(file, 'drain')
  }
  for (const port of [7000, 8000]) await write(0, USER, port)
  for (let number = 0; number < knocks; number++) await write(number, addressOf(stranger(number)), 7000)
  await write(knocks, USER, 9000)
  file.end()
  await once(file, 'finish')
  renameSync(`${path}.part`, path)
}

function addressOf(number) {
  return `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`
}

/** GNU time(1) tells the most memory. */
function replay(log) {
  const begun = performance.now()
  const command = [process.execPath, here('../dist/src/bin.js'), 'replay', '-c', here('knocktail.conf'), '--parser', 'kernel', '--json', log]
  const { status, stdout, stderr } = spawnSync('/usr/bin/time', ['-f', '%M', ...command], { encoding: 'utf8', maxBuffer: 2 ** 28 })
  const seconds = (performance.now() - begun) / 1000
  if (status !== 0) throw new Error(`exit ${status}\n${stderr}`)
  const opened = stdout.split('\n').some((line) => line.includes('"open"') && line.includes(USER))
  return { seconds, peak: Number(stderr.trim().split('\n').at(-1)) / 1024, opened }
}
