// How long from a line in a log to the entry in nftables: Knocktail beside sshguard and fail2ban, which follow logs and act on firewalls, too. They
// keep out, and it lets in, but the way is the same: a line is written, read, understood, decided on, and a program told. Each acts at the
// first line here; Knocktail at the last of a sequence. Needs root, nftables, iproute2; what is not installed is left out.
import { mkdirSync, openSync, symlinkSync, writeFileSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { at, Gate, has, KNOCKS } from './gate.mjs'

const ROUNDS = Number(process.argv[2] ?? 40)
const LIMIT_MS = 10_000
/** Longer than any of them rests, at random: fail2ban looks once a second at what it has found. */
const PAUSE_MS = 300
const PAUSE_RANDOM_MS = 1000
/** sshguard does not say when it listens. */
const SETTLE_MS = 1000

const DAEMONS = [
  { name: 'Knocktail', program: 'nft', start: startKnocktail, lines: knockLines },
  { name: 'sshguard', program: 'sshguard', start: startSshguard, lines: failureLines },
  { name: 'fail2ban', program: 'fail2ban-server', start: startFail2ban, lines: failureLines },
]

console.log('| line to entry in nftables | median | 95 % | most | seen |\n|---|---|---|---|---|')
const medians = new Map()
for (const daemon of DAEMONS.filter(({ program }) => has(program))) {
  const times = await measure(daemon)
  const good = times.filter((time) => time !== undefined).toSorted((a, b) => a - b)
  medians.set(daemon.name, at(good, 0.5))
  console.log(`| ${daemon.name} | ${[at(good, 0.5), at(good, 0.95), good.at(-1)].map((ms) => `${ms?.toFixed(1)} ms`).join(' | ')} | ${good.length} of ${times.length} |`)
}
const [ours, ...theirs] = medians
console.log(`\nas many times as long as ${ours[0]}: ${theirs.map(([name, median]) => `${name} ${(median / ours[1]).toFixed(1)}`).join(', ')}`)
for (const { name, program } of DAEMONS) if (!has(program)) console.log(`${name} is not installed: its row is left out`)

async function measure({ start, lines }) {
  const gate = new Gate()
  try {
    await gate.open()
    const log = `${gate.folder}/followed.log`
    writeFileSync(log, '')
    await start(gate, log)
    const file = openSync(log, 'a')
    const entries = await gate.start(['stdbuf', '-oL', 'nft', 'monitor', 'new', 'elements'])
    const times = []
    for (let round = 1; round <= ROUNDS; round++) {
      await sleep(PAUSE_MS + Math.random() * PAUSE_RANDOM_MS)
      times.push(await untilEntered(entries, file, lines(`203.0.113.${round}`)))
    }
    return times
  } finally {
    gate.close()
  }
}

/** Milliseconds from the last of the lines to the entry; undefined: there came none. */
async function untilEntered(entries, file, { address, before, last }) {
  for (const line of before) writeSync(file, line)
  if (before.length > 0) await sleep(PAUSE_MS)
  return new Promise((resolve) => {
    const begun = performance.now()
    const end = (ms) => {
      clearTimeout(limit)
      entries.stdout.off('data', look)
      resolve(ms)
    }
    const limit = setTimeout(end, LIMIT_MS)
    // What it prints may come in pieces.
    const look = () => { if (entries.output.includes(`${address} `)) end(performance.now() - begun) }
    entries.stdout.on('data', look)
    writeSync(file, last)
  })
}

function knockLines(address) {
  const lines = KNOCKS.map((port, index) => `${new Date().toISOString()} gate kernel: knock: IN=v0 OUT= MAC=0a:af:3d:be:84:8f:56:6f:17:ab:ca:03:08:00 SRC=${address} DST=192.0.2.1 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=${index + 1} DF PROTO=TCP SPT=${40_000 + index} DPT=${port} WINDOW=64240 RES=0x00 SYN URGP=0 \n`)
  return { address, before: lines.slice(0, -1), last: lines.at(-1) }
}

function failureLines(address) {
  const time = new Date().toString()
  return { address, before: [], last: `${time.slice(4, 10)} ${time.slice(16, 24)} gate sshd[4242]: Failed password for invalid user admin from ${address} port 40022 ssh2\n` }
}

function startKnocktail(gate, log) {
  return gate.startKnocktail({ source: `[source log]\nfollow = file:${log}\nparser = kernel\nprefix = "knock: "` })
}

/** With Debian's configuration, whose backend is sshg-fw-nft-sets. A failed login is an attack of 10. */
async function startSshguard(gate, log) {
  await gate.start(['sshguard', '-a', '10', log])
  await sleep(SETTLE_MS)
}

/** There is no name server in the namespace, and it would wait for one to learn its own names. */
async function startFail2ban(gate, log) {
  const folder = `${gate.folder}/fail2ban`
  mkdirSync(folder)
  for (const name of ['action.d', 'filter.d', 'fail2ban.conf']) symlinkSync(`/etc/fail2ban/${name}`, `${folder}/${name}`)
  writeFileSync(`${folder}/fail2ban.local`, '[Definition]\ndbfile = None\nallowipv6 = auto\n')
  writeFileSync(`${folder}/jail.conf`, `[sshd]
enabled = true
filter = sshd
logpath = ${log}
backend = auto
usedns = no
ignoreself = false
maxretry = 1
findtime = 600
bantime = 600
action = nftables[type=multiport, name=sshd, port=22]
`)
  await gate.start(['fail2ban-server', '-f', '-c', folder, '-s', `${folder}/socket`, '-p', `${folder}/pid`, '--loglevel', 'INFO', '--logtarget', 'STDOUT', 'start'], 'Server ready')
}
