// What a daemon costs that nobody knocks at: processor, memory of each process, and the time from start until its source is followed. PSS takes
// off what other Nodes share: here this program, and one that does nothing, which is shown for comparison. Needs root, nftables, iproute2.
// First argument: over how many seconds (60 hold one of its rounds each minute); second: how many starts.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { at, Gate } from './gate.mjs'
import { argumentsOf, cpuSecondsOf, familyOf, memoryOf } from './processes.mjs'

const SECONDS = Number(process.argv[2] ?? 60)
const STARTS = Number(process.argv[3] ?? 10)
/** What begins once is over by then. */
const SETTLE_MS = 5000

const gate = new Gate()
try {
  await gate.open()
  const starts = []
  for (let start = 1; start < STARTS; start++) {
    const { daemon, ms } = await started()
    starts.push(ms)
    await ended(daemon)
  }
  const { daemon, ms } = await started()
  starts.push(ms)
  await measureIdle(daemon)
  await ended(daemon)
  print(starts.toSorted((a, b) => a - b))
} finally {
  gate.close()
}

async function started() {
  const before = performance.now()
  const daemon = await gate.startKnocktail()
  return { daemon, ms: performance.now() - before }
}

async function ended(child) {
  child.kill('SIGTERM')
  await once(child, 'exit')
}

async function measureIdle(daemon) {
  const bare = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e9)'])
  await sleep(SETTLE_MS)
  const family = familyOf(daemon.pid)
  const used = () => [...family, bare.pid].map(cpuSecondsOf)
  const before = used()
  await sleep(SECONDS * 1000)
  const shares = used().map((after, index) => (after - before[index]) / SECONDS)
  const rows = family.map((pid, index) => ({ name: nameOf(pid), ...memoryOf(pid), share: shares[index] }))
  console.log('| process | RSS | PSS | core |\n|---|---|---|---|')
  for (const row of rows) printRow(row)
  printRow(sumOf('front and helper', rows.slice(0, 2)))
  printRow(sumOf('all of them', rows))
  printRow({ name: 'a Node that does nothing', ...memoryOf(bare.pid), share: shares.at(-1) })
  bare.kill()
}

function sumOf(name, rows) {
  const sum = (key) => rows.reduce((all, row) => all + row[key], 0)
  return { name, rss: sum('rss'), pss: sum('pss'), share: sum('share') }
}

/** `knocktail run`, `knocktail helper`, `nft monitor`. */
function nameOf(pid) {
  const [program, ...args] = argumentsOf(pid)
  const script = args.findIndex((arg) => arg.endsWith('bin.js'))
  return script === -1 ? [basename(program), ...args.slice(0, 2)].join(' ') : `knocktail ${args[script + 1]}`
}

function printRow({ name, rss, pss, share }) {
  console.log(`| ${name} | ${rss.toFixed(0)} MB | ${pss.toFixed(0)} MB | ${(100 * share).toFixed(2)} % |`)
}

function print(starts) {
  console.log(`\nfrom start until its source is followed: ${at(starts, 0.5).toFixed(0)} ms median of ${starts.length} starts, ${starts[0].toFixed(0)} to ${starts.at(-1).toFixed(0)} ms`)
}
