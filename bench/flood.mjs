// Real knocks in a flood of spoofed ones: how many open, how soon, and what the flood costs. Needs root, nftables, iproute2, perl; knockd is
// measured beside it where it is installed.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { at, Gate, has, KNOCKS } from './gate.mjs'
import { Watched } from './watched.mjs'

const SECONDS = Number(process.argv[2] ?? 60)
const SHORT_SECONDS = Math.min(SECONDS, 20)
/** After the flood: some tries. */
const AFTER_SECONDS = 5

const FIRST_KNOCKS = { name: 'first knocks', port: KNOCKS[0] }
const ANY_PORTS = { name: 'any ports', port: 0, logs: 'tcp flags syn / fin,syn,rst,ack' }
/** `rate`: packets a second of all senders; 0: as many as they can. */
const FLOODS = [
  { ...FIRST_KNOCKS, rate: 20_000, senders: 1, seconds: SECONDS },
  { ...ANY_PORTS, rate: 20_000, senders: 1, seconds: SECONDS },
  { ...FIRST_KNOCKS, rate: 50_000, senders: 1, seconds: SHORT_SECONDS },
  { ...ANY_PORTS, rate: 50_000, senders: 1, seconds: SHORT_SECONDS },
  { ...FIRST_KNOCKS, rate: 0, senders: 2, seconds: SHORT_SECONDS },
]
const DAEMONS = has('knockd') ? ['Knocktail', 'knockd'] : ['Knocktail']

console.log('| flood | daemon | logged/s | opened | median | 95 % | core | memory: sum of peaks | PSS | lines lost |\n|---|---|---|---|---|---|---|---|---|---|')
for (const flood of FLOODS) for (const who of DAEMONS) console.log(row(flood, who, await measure(flood, who)))
if (DAEMONS.length === 1) console.log('\nknockd is not installed: its rows are left out')

async function measure(flood, who) {
  const gate = new Gate()
  try {
    await gate.open(flood.logs)
    const daemon = who === 'knockd' ? await gate.startKnockd() : await gate.startKnocktail()
    const watched = new Watched(daemon.pid)
    const started = performance.now()
    const senders = Array.from({ length: flood.senders }, () => gate.flood(flood.rate / flood.senders, flood.port))
    const times = await gate.knock(flood.seconds)
    const logged = gate.logged / ((performance.now() - started) / 1000)
    const facts = watched.stop()
    for (const sender of senders) sender.kill('SIGKILL')
    await sleep(500)
    const after = await gate.knock(AFTER_SECONDS)
    const lost = who === 'Knocktail' ? await lostBy(daemon) : ''
    return { times, logged, ...facts, lost, opensAfter: after.some((time) => !Number.isNaN(time)) }
  } finally {
    gate.close()
  }
}

function row(flood, who, { times, logged, core, peaks, pss, lost, opensAfter }) {
  const good = times.filter((time) => !Number.isNaN(time))
  const opened = `${good.length} of ${times.length}${opensAfter ? '' : ', and none afterwards'}`
  const name = `${flood.name}, ${flood.rate ? `${flood.rate / 1000},000/s` : 'all that two senders can'}`
  const cells = [name, who, Math.round(logged), opened, ms(at(good, 0.5)), ms(at(good, 0.95)), `${(100 * core).toFixed(0)} %`, `${peaks.toFixed(0)} MB`, `${pss.toFixed(0)} MB`, lost]
  return `| ${cells.join(' | ')} |`
}

function ms(time) {
  return time === undefined ? '' : `${time.toFixed(1)} ms`
}

/** Lines that were never read, as Knocktail counts them. */
async function lostBy(daemon) {
  daemon.kill('SIGUSR1')
  for (;;) {
    await once(daemon.stdout, 'data')
    const counted = /"event":"counters".*"lost":(\d+)/.exec(daemon.output)
    if (counted) return counted[1]
  }
}
