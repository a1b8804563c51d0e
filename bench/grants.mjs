// Very many grants at once: what it takes to open them by real knocks, to list, compare and close them, to go on with them after a kill -9, and how long a knock waits meanwhile.
// Needs root, nftables, iproute2, perl. Arguments: how many; how many packets a second; for how many seconds they are open.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { at, Gate } from './gate.mjs'
import { cpuSecondsOf, familyOf, memoryOf } from './processes.mjs'
import { watch } from './told.mjs'

const COUNT = Number(process.argv[2] ?? 10_000)
const RATE = Number(process.argv[3] ?? 3000)
const OPEN_S = Number(process.argv[4] ?? 40)
const SET = ['set', 'inet', 'filter', 'knock4']
/** What begins once is over by then. */
const SETTLE_MS = 3000
const LIMIT_MS = 60_000
const LOOK_MS = 1000
/** Seconds. */
const KNOCK_FOR = 3

const gate = new Gate()
try {
  await gate.open()
  const first = await start()
  await sleep(SETTLE_MS)
  const knocks = { 'none open': await gate.knock(KNOCK_FOR) }
  await measureAll(first)
  const { daemon, told } = await restart(first.daemon)
  knocks['all open'] = await gate.knock(KNOCK_FOR)
  const { bytes } = ledger()
  knocks['all closing'] = await closeAll(daemon, told)
  printRest(daemon, bytes, knocks)
  daemon.kill('SIGTERM')
  await once(daemon, 'exit')
} finally {
  gate.close()
}

async function start() {
  const daemon = await gate.startKnocktail({ openFor: `${OPEN_S}s`, rule: 'max_grants = 0\nmax_opens = 0' })
  return { daemon, told: watch(daemon, '10.') }
}

async function measureAll({ daemon, told }) {
  console.log(`| ${COUNT.toLocaleString('en')} grants | done | took | front | helper and nft | a grant | ledger written |\n|---|---|---|---|---|---|---|`)
  const lastKnocks = await crowd()
  await measure(daemon, 'opened by as many knocks', async () => {
    lastKnocks()
    return told('opened', COUNT, LIMIT_MS)
  })
  await measure(daemon, '`knocktail list --json`', async () => JSON.parse(await gate.knocktail('list', '--json')).grants.filter(({ address }) => address.startsWith('10.')).length)
  await measure(daemon, 'an emptied set: all stand again', async () => {
    await gate.ask('nft', 'flush', ...SET)
    return told('opened', COUNT, LIMIT_MS)
  })
  await measure(daemon, 'a look that finds all well', async () => {
    await gate.ask('nft', 'add', 'table', 'inet', 'somebody')
    await sleep(LOOK_MS)
    return held()
  })
}

/** The next one asserts all that the ledger has. */
async function restart(killed) {
  killed.kill('SIGKILL')
  await once(killed, 'exit')
  const begun = performance.now()
  const next = await start()
  const readyMs = performance.now() - begun
  const done = await next.told('opened', COUNT, LIMIT_MS)
  const ms = performance.now() - begun
  printRow('after a kill -9: all stand again', { done, ms, ...usage(next.daemon), writes: '' })
  console.log(`\nready after ${readyMs.toFixed(0)} ms\n`)
  return next
}

/** At the end of their time, within a second, and with real knocks among them. */
async function closeAll(daemon, told) {
  const knocks = (async () => {
    await told('close', 1, 2 * OPEN_S * 1000)
    return gate.knock(KNOCK_FOR)
  })()
  await told('close', 1, 2 * OPEN_S * 1000)
  await measure(daemon, 'closed at their time', () => told('closed', COUNT, LIMIT_MS))
  return knocks
}

/** All but the last knock of each; answers what lets them do that. */
async function crowd() {
  const child = gate.crowd(COUNT, RATE)
  await once(child.stdout, 'data')
  return () => child.kill('SIGUSR1')
}

async function measure(daemon, name, act) {
  const [before, begun] = [usage(daemon), performance.now()]
  const done = await act()
  const [after, ms] = [usage(daemon), performance.now() - begun]
  printRow(name, { done, ms, front: after.front - before.front, others: after.others - before.others, writes: after.writes - before.writes })
}

function printRow(name, { done, ms, front, others, writes }) {
  console.log(`| ${name} | ${done} | ${ms.toFixed(0)} ms | ${(1000 * front).toFixed(0)} ms | ${(1000 * others).toFixed(0)} ms | ${(1e6 * (front + others) / COUNT).toFixed(0)} µs | ${writes} |`)
}

/** Seconds of a core so far, and how often the ledger was written. */
function usage(daemon) {
  const [front, ...others] = familyOf(daemon.pid).map(cpuSecondsOf)
  return { front, others: others.reduce((sum, seconds) => sum + seconds, 0), writes: ledger().writes }
}

/** Its newer slot's header: magic, number of the write, length of the text. */
function ledger() {
  const headers = ['a', 'b'].map((slot) => readFileSync(join(gate.stateFolder, `ledger.${slot}`), 'latin1').slice(0, 128).split(' ').slice(2, 4).map(Number))
  const [writes, bytes] = headers.filter(([number]) => number > 0).toSorted(([a], [b]) => b - a)[0] ?? [0, 0]
  return { writes, bytes }
}

async function held() {
  const elements = JSON.parse(await gate.ask('nft', '-j', 'list', ...SET)).nftables.find(({ set }) => set).set.elem ?? []
  return elements.filter(({ elem }) => elem.val.startsWith('10.')).length
}

function printRest(daemon, bytes, knocks) {
  const [front, helper] = familyOf(daemon.pid).map((pid) => memoryOf(pid).peak)
  console.log(`\nmost memory: front ${front.toFixed(0)} MB, helper ${helper.toFixed(0)} MB; the ledger of all: ${(bytes / 1e6).toFixed(1)} MB`)
  console.log('\n| a knock, while | median | slowest | opened |\n|---|---|---|---|')
  for (const [name, times] of Object.entries(knocks)) {
    const good = times.filter((time) => !Number.isNaN(time))
    console.log(`| ${name} | ${at(good, 0.5)} ms | ${good.at(-1)} ms | ${good.length} of ${times.length} |`)
  }
}
