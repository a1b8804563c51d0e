// How long from the last knock to the open door, as who knocks sees it: Knocktail (over /dev/kmsg and nftables) beside the real knockd (over pcap,
// with the same nft command), in the same two network namespaces, in turn. Needs root, nftables, iproute2, perl; knockd where it is installed.
import { at, Gate, has } from './gate.mjs'

const SECONDS = Number(process.argv[2] ?? 30)
const TURNS = 3

const DAEMONS = [{ name: 'Knocktail', start: (gate) => gate.startKnocktail() }, { name: 'knockd', start: (gate) => gate.startKnockd() }]
  .filter(({ name }) => name === 'Knocktail' || has(name))
  .map((daemon) => ({ ...daemon, times: [], output: '' }))

const gate = new Gate()
try {
  await gate.open()
  for (let turn = 0; turn < TURNS; turn++) for (const daemon of DAEMONS) await measure(daemon)
} finally {
  gate.close()
}
print(DAEMONS)

async function measure(daemon) {
  const child = await daemon.start(gate)
  daemon.times.push(...await gate.knock(SECONDS / TURNS))
  child.kill('SIGTERM')
  daemon.output += child.output
}

function print([ours, theirs]) {
  console.log('| last knock to open door | median | 95 % | opened |\n|---|---|---|---|')
  for (const { name, times } of DAEMONS) {
    const good = goodOf(times)
    console.log(`| ${name} | ${at(good, 0.5).toFixed(1)} ms | ${at(good, 0.95).toFixed(1)} ms | ${good.length} of ${times.length} |`)
  }
  const atFirewall = [...ours.output.matchAll(/"event":"opened".*?"ms":([\d.]+)/g)].map(([, ms]) => Number(ms)).toSorted((a, b) => a - b)
  console.log(`\nof Knocktail's time ${at(atFirewall, 0.5).toFixed(1)} ms (median) are from the decision to the firewall's confirmation, by its log`)
  if (!theirs) return console.log('knockd is not installed: its row is left out')
  console.log(`Knocktail takes ${(at(goodOf(ours.times), 0.5) / at(goodOf(theirs.times), 0.5)).toFixed(2)} times as long as knockd`)
}

function goodOf(times) {
  return times.filter((time) => !Number.isNaN(time)).toSorted((a, b) => a - b)
}
