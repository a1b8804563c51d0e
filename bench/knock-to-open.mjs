// How long from the last knock to the open door: Knocktail (over /dev/kmsg and nftables) beside the real knockd (over pcap, with the same
// nft command), in the same two network namespaces, in turn. Needs root, nftables, iproute2, knockd.
import { at, Gate } from './gate.mjs'

const ROUNDS = Number(process.argv[2] ?? 40)

async function measure(start) {
  const daemon = await start()
  const times = await gate.knock(ROUNDS)
  daemon.kill('SIGTERM')
  return times
}

const gate = new Gate()
try {
  await gate.open()
  const ours = await measure(() => gate.startKnocktail())
  const theirs = await measure(() => gate.startKnockd())
  print([['Knocktail', ours], ['knockd', theirs]])
} finally {
  gate.close()
}

function print(results) {
  console.log('| last knock to open door | median | 95 % | opened |\n|---|---|---|---|')
  for (const [name, times] of results) {
    const good = times.filter((time) => !Number.isNaN(time))
    console.log(`| ${name} | ${at(good, 0.5)} ms | ${at(good, 0.95)} ms | ${good.length} of ${times.length} |`)
  }
  const [[, ours], [, theirs]] = results
  console.log(`\nKnocktail takes ${(at(ours, 0.5) / at(theirs, 0.5)).toFixed(2)} times as long as knockd`)
}
