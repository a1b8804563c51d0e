// How long from the last knock to the open door: Knocktail (over /dev/kmsg and nftables) beside the real knockd (over pcap, with the same
// nft command), in the same two network namespaces, in turn. Needs root, nftables, iproute2, knockd.
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROUNDS = Number(process.argv[2] ?? 40)
const KNOCKS = [31877, 7412, 52044]
const BIN = fileURLToPath(new URL('../dist/src/bin.js', import.meta.url))
const ALL_NETNS = '/proc/sys/net/netfilter/nf_log_all_netns'
const SERVER = `ktbench${process.pid}s`
const CLIENT = `ktbench${process.pid}c`
const PREFIX = `ktb${process.pid}: `
const folder = mkdtempSync(join(tmpdir(), 'knocktail-bench-'))

// Started anew inside the client's namespace: knocks, then tries the door without a pause, and prints how long it took.
if (process.argv[2] === '--client') {
  await runClient()
  process.exit()
}

const allNetnsBefore = readFileSync(ALL_NETNS, 'latin1').trim()
try {
  prepare()
  const knocktail = await measure(startKnocktail)
  const knockd = await measure(startKnockd)
  print([['Knocktail', knocktail], ['knockd', knockd]])
} finally {
  writeFileSync(ALL_NETNS, allNetnsBefore)
  for (const name of [SERVER, CLIENT]) spawnSync('ip', ['netns', 'del', name])
  rmSync(folder, { recursive: true, force: true })
}

function must(program, args, input = '') {
  const ran = spawnSync(program, args, { input, encoding: 'utf8' })
  if (ran.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${ran.stderr || ran.error}`)
}

function prepare() {
  writeFileSync(ALL_NETNS, '1')
  // The daemon keeps its state there when it is root no more.
  chmodSync(folder, 0o755)
  for (const name of [SERVER, CLIENT]) must('ip', ['netns', 'add', name])
  must('ip', ['link', 'add', 'v0', 'netns', SERVER, 'type', 'veth', 'peer', 'name', 'v0', 'netns', CLIENT])
  for (const [name, address] of [[SERVER, '192.0.2.1/24'], [CLIENT, '192.0.2.2/24']]) {
    for (const args of [['addr', 'add', address, 'dev', 'v0'], ['link', 'set', 'v0', 'up'], ['link', 'set', 'lo', 'up']]) must('ip', ['-n', name, ...args])
  }
  must('ip', ['netns', 'exec', SERVER, 'nft', '-f', '-'], `table inet filter {
  set knock4 { type ipv4_addr; flags timeout; }
  chain input {
    type filter hook input priority 0; policy accept;
    ct state established accept
    tcp dport 22 ip saddr @knock4 accept
    tcp dport 22 drop
    tcp dport { ${KNOCKS.join(', ')} } tcp flags syn / fin,syn,rst,ack log prefix "${PREFIX}" reject with tcp reset
  }
}`)
}

/** Starts it, and answers what ends it. */
async function startKnocktail() {
  const config = join(folder, 'knocktail.conf')
  writeFileSync(config, `[knocktail]
firewall = nftables
[source kernel]
follow = kmsg
prefix = "${PREFIX}"
[firewall nftables]
set4 = inet filter knock4
[ssh]
sequence = ${KNOCKS.join(', ')}
ports = 22/tcp
open_for = 1s
`, { mode: 0o644 })
  const child = spawn('ip', ['netns', 'exec', SERVER, process.execPath, BIN, 'run', '-c', config, '--state-dir', join(folder, 'state')], { stdio: ['ignore', 'pipe', 'inherit'] })
  await seen(child.stdout, 'source-running')
  return child
}

async function startKnockd() {
  const config = join(folder, 'knockd.conf')
  writeFileSync(config, `[options]
logfile = ${join(folder, 'knockd.log')}
[ssh]
sequence = ${KNOCKS.join(',')}
seq_timeout = 15
tcpflags = syn,!ack
start_command = /usr/sbin/nft add element inet filter knock4 { %IP% timeout 1s }
`)
  const child = spawn('ip', ['netns', 'exec', SERVER, 'knockd', '-i', 'v0', '-v', '-c', config], { stdio: ['ignore', 'pipe', 'inherit'] })
  await seen(child.stdout, 'listening')
  return child
}

function seen(stream, word) {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`${word} was not seen`)), 10_000)
    let text = ''
    stream.on('data', (chunk) => {
      text += chunk
      if (!text.includes(word)) return
      clearTimeout(limit)
      resolve()
    })
  })
}

/** Milliseconds of each round, in order of size. */
async function measure(start) {
  const listener = spawn('ip', ['netns', 'exec', SERVER, process.execPath, '-e', "require('net').createServer((s) => s.end()).listen(22, '192.0.2.1', () => console.log('listens'))"], { stdio: ['ignore', 'pipe', 'inherit'] })
  await seen(listener.stdout, 'listens')
  const daemon = await start()
  const client = spawnSync('ip', ['netns', 'exec', CLIENT, process.execPath, fileURLToPath(import.meta.url), '--client', String(ROUNDS)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  daemon.kill('SIGTERM')
  listener.kill('SIGKILL')
  return client.stdout.trim().split('\n').map(Number).toSorted((a, b) => a - b)
}

async function runClient() {
  const rounds = Number(process.argv[3])
  for (let round = 0; round < rounds; round++) {
    for (const port of KNOCKS.slice(0, -1)) {
      await attempt(port, 200)
      // At random, since pcap hands packets over by a clock of its own, which the first knock would set.
      await pause(30 + Math.random() * 100)
    }
    const last = attempt(KNOCKS.at(-1), 200)
    const begun = performance.now()
    await last
    const opened = await untilOpen(begun)
    process.stdout.write(`${opened === undefined ? Number.NaN : (opened - begun).toFixed(2)}\n`)
    // The door closes after a second, and its copies are forgotten.
    await pause(1500)
  }
}

/** A new attempt every millisecond: a SYN that is dropped would be sent again only after a second. */
async function untilOpen(begun) {
  const attempts = []
  const opened = []
  while (opened.length === 0 && performance.now() - begun < 3000) {
    attempts.push(attempt(22, 1000).then((isOpen) => { if (isOpen) opened.push(performance.now()) }))
    await pause(1)
  }
  await Promise.race([Promise.all(attempts), pause(50)])
  return opened[0]
}

function attempt(port, limitMs) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '192.0.2.1' })
    const end = (isOpen) => {
      clearTimeout(limit)
      socket.destroy()
      resolve(isOpen)
    }
    const limit = setTimeout(() => end(false), limitMs)
    socket.on('connect', () => end(true)).on('error', () => end(false))
  })
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function print(results) {
  const at = (times, share) => times[Math.min(times.length - 1, Math.floor(times.length * share))]
  console.log('last knock to open door, ms | median | 95 % | most | rounds')
  for (const [name, times] of results) {
    const good = times.filter((time) => !Number.isNaN(time))
    console.log(`${name.padEnd(27)} | ${at(good, 0.5)} | ${at(good, 0.95)} | ${good.at(-1)} | ${good.length} of ${times.length} opened`)
  }
  const [[, ours], [, theirs]] = results
  console.log(`Knocktail takes ${(at(ours, 0.5) / at(theirs, 0.5)).toFixed(2)} times as long as knockd`)
}
