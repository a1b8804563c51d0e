// A million addresses with one first knock each, within twenty seconds, while somebody is two knocks into the sequence; beside it a fifth of
// them, which is more than are remembered, too (max_attempts, its default): memory must be the same, and he must come in.
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, existsSync, mkdirSync, renameSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { LOGS } from './generate.mjs'

const STRANGERS = [200_000, 1_000_000]
/** So many lines have the stamp of one line of generate.mjs, which are 500 microseconds apart. */
const LINES_A_STAMP = 25
const USER = '198.51.100.7'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))
mkdirSync(here('data'), { recursive: true })

console.log('| strangers with one knock | lines/s | most memory | who was two knocks ahead |\n|---|---|---|---|')
for (const strangers of STRANGERS) {
  const log = here(`data/strangers-${strangers}.log`)
  await generate(log, strangers)
  const { seconds, peak, opened } = replay(log)
  console.log(`| ${strangers.toLocaleString('en')} | ${(strangers / seconds / 1e6).toFixed(2)} M | ${peak.toFixed(0)} MB | ${opened ? 'came in' : 'was forgotten'} |`)
}

async function generate(path, strangers) {
  if (existsSync(path)) return
  const file = createWriteStream(`${path}.part`)
  const write = async (number, src, dport) => {
    const line = LOGS.kernel.line({ line: Math.floor(number / LINES_A_STAMP), src, sport: 1024 + (number % 60_000), dport })
    if (!file.write(line)) await once(file, 'drain')
  }
  for (const port of [7000, 8000]) await write(0, USER, port)
  for (let number = 0; number < strangers; number++) await write(number, addressOf(number), 7000)
  await write(strangers, USER, 9000)
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
