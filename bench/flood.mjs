// Real knocks in a flood of spoofed ones: how many open, how soon, and what the flood costs. Needs root, nftables, iproute2, hping3, knockd.
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { at, Gate, KNOCKS } from './gate.mjs'

const SECONDS = Number(process.argv[2] ?? 20)
const KNOCK_ROUNDS_PER_SECOND = 0.4

/** What hping3 sends: its -i is a pause between packets, so the rate is what the gate has counted. */
const FLOODS = [
  { name: 'first knocks', port: String(KNOCKS[0]), logs: undefined },
  { name: 'any ports', port: '++1024', logs: 'tcp flags syn / fin,syn,rst,ack' },
]
const RATES = [{ name: '20,000/s', senders: 3, pause: 'u50' }, { name: 'all it can', senders: 2, pause: undefined }]

console.log('| flood | daemon | logged/s | opened | median | 95 % | core | most memory | lost |\n|---|---|---|---|---|---|---|---|---|')
for (const flood of FLOODS) {
  for (const rate of RATES) {
    await measure(flood, rate, 'Knocktail')
    if (rate === RATES[0]) await measure(flood, rate, 'knockd')
  }
}

async function measure(flood, rate, who) {
  const gate = new Gate()
  try {
    await gate.open(flood.logs)
    const daemon = who === 'knockd' ? await gate.startKnockd() : await gate.startKnocktail()
    await sleep(1000)
    const before = cpuSeconds(daemon.pid)
    const senders = Array.from({ length: rate.senders }, () =>
      gate.send(['hping3', '-q', '--rand-source', '-S', '-p', flood.port, ...(rate.pause ? ['-i', rate.pause] : ['--flood']), '192.0.2.1']))
    const started = performance.now()
    const times = await gate.knock(Math.max(3, Math.round(SECONDS * KNOCK_ROUNDS_PER_SECOND)))
    const seconds = (performance.now() - started) / 1000
    const core = (cpuSeconds(daemon.pid) - before) / seconds
    const logged = gate.logged / seconds
    for (const sender of senders) sender.kill('SIGKILL')
    await sleep(500)
    const peak = familyOf(daemon.pid).reduce((sum, pid) => sum + peakOf(pid), 0)
    const [after] = await gate.knock(1)
    const lost = lostBy(daemon.output)
    daemon.kill('SIGTERM')
    await sleep(500)
    const good = times.filter((time) => !Number.isNaN(time))
    const later = Number.isNaN(after) ? ', and none afterwards' : ''
    console.log(`| ${flood.name}, ${rate.name} | ${who} | ${Math.round(logged)} | ${good.length} of ${times.length}${later} | ${at(good, 0.5) ?? '-'} ms | ${at(good, 0.95) ?? '-'} ms | ${(100 * core).toFixed(0)} % | ${peak.toFixed(0)} MB | ${lost} |`)
  } finally {
    gate.close()
  }
}

/** The daemon and what it has started. */
function familyOf(pid) {
  const parents = new Map(readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      return [[Number(name), Number(readFileSync(`/proc/${name}/stat`, 'latin1').replace(/^.*\) . /s, '').split(' ')[0])]]
    } catch {
      return []
    }
  }))
  const family = [pid]
  for (const one of family) for (const [child, parent] of parents) if (parent === one) family.push(child)
  return family
}

function cpuSeconds(pid) {
  return familyOf(pid).reduce((sum, one) => {
    const fields = readFileSync(`/proc/${one}/stat`, 'latin1').replace(/^.*\) /s, '').split(' ')
    return sum + (Number(fields[11]) + Number(fields[12])) / 100
  }, 0)
}

function peakOf(pid) {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) / 1024
}

/** What the daemon says that it has missed. */
function lostBy(output) {
  const lines = output.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line)]
    } catch {
      return []
    }
  })
  return lines.filter(({ event }) => event === 'source-lost').reduce((sum, { lines: count }) => sum + count, 0)
}
