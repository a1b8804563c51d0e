// Two network namespaces with a gate between them, and daemons that hear knocks at it. Needs root, nftables, iproute2.
import { execFile, spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const KNOCKS = [31877, 7412, 52044]
const BIN = fileURLToPath(new URL('../dist/src/bin.js', import.meta.url))
const CROWD = fileURLToPath(new URL('crowd.pl', import.meta.url))
const PROBER = fileURLToPath(new URL('prober.pl', import.meta.url))
const FLOODER = fileURLToPath(new URL('flooder.pl', import.meta.url))
/** What the prober knocks from. */
const CLIENTS = '198.51.100.0/24'
const ALL_NETNS = '/proc/sys/net/netfilter/nf_log_all_netns'

// Whatever ends a bench must not leave daemons behind, which would read the next one's flood.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1))

export class Gate {
  #server = `ktbench${process.pid}s`
  #client = `ktbench${process.pid}c`
  #prefix = `ktb${process.pid}: `
  #folder = mkdtempSync(join(tmpdir(), 'knocktail-bench-'))
  #config = join(this.#folder, 'knocktail.conf')
  #allNetnsBefore = readFileSync(ALL_NETNS, 'latin1').trim()
  #children = []
  #rounds = 0

  #closeAtExit = () => this.close()

  constructor() {
    process.once('exit', this.#closeAtExit)
  }

  /** `logs`: what of the packets to the gate is logged, as nft says it. */
  async open(logs = `tcp dport { ${KNOCKS.join(', ')} } tcp flags syn / fin,syn,rst,ack`) {
    writeFileSync(ALL_NETNS, '1')
    // The daemon keeps its state there when it is root no more.
    chmodSync(this.#folder, 0o755)
    for (const name of [this.#server, this.#client]) must('ip', ['netns', 'add', name])
    must('ip', ['link', 'add', 'v0', 'netns', this.#server, 'type', 'veth', 'peer', 'name', 'v0', 'netns', this.#client])
    for (const [name, address] of [[this.#server, '192.0.2.1/24'], [this.#client, '192.0.2.2/24']]) {
      for (const args of [['addr', 'add', address, 'dev', 'v0'], ['link', 'set', 'v0', 'up'], ['link', 'set', 'lo', 'up']]) must('ip', ['-n', name, ...args])
    }
    must('ip', ['-n', this.#client, 'route', 'add', 'local', CLIENTS, 'dev', 'lo'])
    // Without a way back the kernel takes spoofed sources for Martians.
    must('ip', ['-n', this.#server, 'route', 'add', 'default', 'via', '192.0.2.2'])
    must('ip', ['netns', 'exec', this.#server, 'nft', '-f', '-'], `table inet filter {
  counter logged {}
  set knock4 { type ipv4_addr; flags timeout; }
  chain input {
    type filter hook input priority 0; policy accept;
    ct state established accept
    tcp dport 22 ip saddr @knock4 accept
    tcp dport 22 drop
    ${logs} counter name logged log prefix "${this.#prefix}"
    drop
  }
}`)
    await this.start([process.execPath, '-e', "require('net').createServer((s) => s.end()).listen(22, '192.0.2.1', () => console.log('listens'))"], 'listens')
  }

  close() {
    process.off('exit', this.#closeAtExit)
    for (const child of this.#children.splice(0)) killGroup(child)
    writeFileSync(ALL_NETNS, this.#allNetnsBefore)
    for (const name of [this.#server, this.#client]) spawnSync('ip', ['netns', 'del', name])
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Packets that were logged. */
  get logged() {
    return Number(/packets (\d+)/.exec(this.run('nft', 'list', 'counter', 'inet', 'filter', 'logged'))?.[1])
  }

  /** `source`, `firewall`: their sections; `rule`: what else the rule says. */
  async startKnocktail({ source = `[source kernel]\nfollow = kmsg\nprefix = "${this.#prefix}"`, firewall = '[firewall nftables]\nset4 = inet filter knock4', openFor = '1s', rule = '' } = {}) {
    writeFileSync(this.#config, `[knocktail]
firewall = ${/\[firewall (.*)\]/.exec(firewall)[1]}
state_dir = ${this.stateFolder}
run_dir = ${join(this.#folder, 'run')}
${source}
${firewall}
[ssh]
sequence = ${KNOCKS.join(', ')}
ports = 22/tcp
open_for = ${openFor}
${rule}
`, { mode: 0o644 })
    return this.start([process.execPath, BIN, 'run', '-c', this.#config], 'source-running')
  }

  get stateFolder() {
    return join(this.#folder, 'state')
  }

  /** Where daemons may have their files; it goes when the gate is closed. */
  get folder() {
    return this.#folder
  }

  /** Asks the daemon; answers what is printed. */
  knocktail(verb, ...args) {
    return this.ask(process.execPath, BIN, verb, '-c', this.#config, ...args)
  }

  /** As `run`, but beside other work: a daemon whose output is not read stands still. */
  async ask(...argv) {
    return (await promisify(execFile)('ip', ['netns', 'exec', this.#server, ...argv], { maxBuffer: 2 ** 28 })).stdout
  }

  /** Runs a program on the gate's side; answers what it prints. */
  run(...argv) {
    return must('ip', ['netns', 'exec', this.#server, ...argv])
  }

  async startKnockd() {
    const config = join(this.#folder, 'knockd.conf')
    writeFileSync(config, `[options]
logfile = ${join(this.#folder, 'knockd.log')}
[ssh]
sequence = ${KNOCKS.join(',')}
seq_timeout = 15
tcpflags = syn,!ack
start_command = /usr/sbin/nft add element inet filter knock4 { %IP% timeout 1s }
`)
    return this.start(['knockd', '-i', 'v0', '-v', '-c', config], 'listening')
  }

  /** Starts a program on the gate's side; waits until it has said that word, if there is one. */
  async start(argv, word) {
    const child = this.#spawn(this.#server, argv)
    child.output = ''
    child.stdout.on('data', (chunk) => { child.output = (child.output + chunk).slice(-1_000_000) })
    if (word !== undefined) await seen(child.stdout, word)
    return child
  }

  /** Milliseconds from the last knock to the open door, of as many rounds as fit, in order of size; NaN: it did not open. */
  async knock(seconds) {
    const client = this.#send(['chrt', '--fifo', '2', 'perl', PROBER, String(seconds), String(this.#rounds), ...KNOCKS.map(String)])
    let text = ''
    client.stdout.on('data', (chunk) => { text += chunk })
    await new Promise((resolve) => client.once('close', resolve))
    const times = text.trim().split('\n').map(Number)
    // Whoever has knocked before may be in already.
    this.#rounds += times.length
    return times.toSorted((a, b) => (Number.isNaN(a) ? 1 : Number.isNaN(b) ? -1 : a - b))
  }

  /**
   * Spoofed SYNs, so many a second, or as many as it can if that is 0; to a port, or to any if that is 0. At a rate it keeps its pace however busy the gate
   * is: strangers on the network do not wait for its processors.
   */
  flood(rate, port) {
    const steadily = rate > 0 ? ['chrt', '--fifo', '1'] : []
    return this.#send([...steadily, 'perl', FLOODER, String(rate), String(port)])
  }

  /** So many strangers from 10.0.0.1 on that knock at so many packets a second, all at one port before any at the next; SIGUSR1 makes them knock at the last. */
  crowd(count, rate) {
    return this.#send(['perl', CROWD, String(count), String(rate), ...KNOCKS.map(String)])
  }

  #send(argv) {
    return this.#spawn(this.#client, argv)
  }

  #spawn(host, argv) {
    // A group of its own: what it has started goes with it.
    const child = spawn('ip', ['netns', 'exec', host, ...argv], { stdio: ['ignore', 'pipe', 'inherit'], detached: true })
    this.#children.push(child)
    return child
  }
}

function killGroup({ pid }) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}

/** Whether a program is installed. */
export function has(program) {
  return spawnSync('which', [program]).status === 0
}

function must(program, args, input = '') {
  const ran = spawnSync(program, args, { input, encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (ran.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${ran.stderr || ran.error}`)
  return ran.stdout
}

function seen(stream, word) {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`${word} was not seen`)), 10_000)
    let text = ''
    const look = (chunk) => {
      text += chunk
      if (!text.includes(word)) return
      clearTimeout(limit)
      stream.off('data', look)
      resolve()
    }
    stream.on('data', look)
  })
}

/** A time below which that share of them lies. */
export function at(times, share) {
  return times[Math.min(times.length - 1, Math.floor(times.length * share))]
}
