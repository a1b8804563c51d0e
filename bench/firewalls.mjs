// What a grant costs each firewall, by Knocktail's own way to it: so many entries are added, listed and removed, as many at a time as the daemon asks for at
// once. In namespaces of its own. Needs root and whichever of nftables, ipset, iptables and ufw are there; pf is the recorder that the tests use, which
// shows how often pfctl is called, and nothing of what it takes.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TRAITS } from '../dist/src/firewalls/firewall.js'
import { openFirewall } from '../dist/src/firewalls/open.js'
import { findProgram, runCommand } from '../dist/src/firewalls/run.js'

const INSIDE = '--inside'
const PORT = { proto: 'tcp', port: 22 }
const SECONDS = 600

const folder = mkdtempSync(join(tmpdir(), 'knocktail-bench-'))
const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const inFolder = (name) => join(folder, name)

/** How it is made ready, its target, and how many entries are bearable. */
const FIREWALLS = [
  {
    name: 'nftables', count: 10_000, needs: 'nft', target: { settings: { set4: ['inet', 'filter', 'knock4'] }, ports: [PORT] },
    prepare: () => must('nft', ['add table inet filter; add set inet filter knock4 { type ipv4_addr; flags timeout; }']),
  },
  {
    name: 'ipset', count: 10_000, needs: 'ipset', target: { settings: { set4: ['knock4'] }, ports: [PORT] },
    prepare: () => must('ipset', ['create', 'knock4', 'hash:ip', 'timeout', '0', 'comment']),
  },
  { name: 'iptables', count: 10_000, needs: 'iptables', target: { settings: {}, port: PORT }, prepare: () => {} },
  {
    name: 'hosts.allow', count: 10_000, needs: 'sh', target: { settings: { file: [inFolder('hosts.allow')] }, ports: [PORT] },
    prepare: () => writeFileSync(inFolder('hosts.allow'), ''),
  },
  {
    name: 'pf', count: 10_000, needs: 'sh', target: { settings: { table: ['knocktail'], program: [inFolder('pfctl')] }, ports: [PORT] },
    prepare: () => {
      cpSync(here('../test/support/pfctl-recorder'), inFolder('pfctl'))
      writeFileSync(inFolder('knocktail.table'), '')
    },
  },
  {
    name: 'ufw', count: 20, needs: 'ufw', target: { settings: {}, port: PORT },
    prepare: () => {
      for (const path of ['/etc/ufw', '/etc/default']) {
        cpSync(path, inFolder(path), { recursive: true })
        must('mount', ['--bind', inFolder(path), path])
      }
      must('ufw', ['--force', 'enable'])
    },
  },
]

if (process.argv.includes(INSIDE)) {
  try {
    console.log('| firewall | entries | at once | programs run | to add one | to list one | to remove one |\n|---|---|---|---|---|---|---|')
    for (const firewall of FIREWALLS.filter(({ needs }) => findProgram(needs))) await measure(firewall)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  process.exit()
} else {
  rmSync(folder, { recursive: true })
  must('unshare', ['--net', '--mount', process.execPath, here('firewalls.mjs'), INSIDE], 'inherit')
}

async function measure({ name, count, target, prepare }) {
  prepare()
  let programs = 0
  const run = (command) => {
    programs++
    return runCommand(command)
  }
  const { atOnce } = TRAITS[name]
  const firewall = await openFirewall({ firewall: name, ...target }, 'knocktail ssh', { run, find: findProgram })
  const addresses = Array.from({ length: count }, (_, index) => `10.0.${index >> 8}.${index & 255}`)
  const add = await timed(count, () => inTurn(addresses, atOnce, (some) => firewall.add(some.map((address) => ({ address, seconds: SECONDS })))))
  const list = await timed(count, async () => expectAll((await firewall.list()).entries, count))
  const remove = await timed(count, () => inTurn(addresses, atOnce, (some) => firewall.remove(some)))
  expectAll((await firewall.list()).entries, 0)
  console.log(`| ${name} | ${count.toLocaleString('en')} | ${atOnce.toLocaleString('en')} | ${programs - 1} | ${add} | ${list} | ${remove} |`)
}

async function inTurn(addresses, atOnce, act) {
  for (let at = 0; at < addresses.length; at += atOnce) {
    const outcomes = await act(addresses.slice(at, at + atOnce))
    const bad = outcomes.find(({ kind }) => kind !== 'done')
    if (bad) throw new Error(JSON.stringify(bad))
  }
}

async function timed(count, act) {
  const begun = performance.now()
  await act()
  const ms = (performance.now() - begun) / count
  return ms < 1 ? `${(1000 * ms).toFixed(0)} µs` : `${ms.toFixed(0)} ms`
}

function expectAll(entries, count) {
  if (entries.length !== count) throw new Error(`${entries.length} entries in place of ${count}`)
}

function must(program, args, stdio = 'pipe') {
  const ran = spawnSync(program, args, { encoding: 'utf8', stdio })
  if (ran.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${ran.stderr || ran.error || ran.status}`)
}
