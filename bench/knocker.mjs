// Run inside the client's namespace: knocks, then tries the door without a pause, and prints how long it took.
import { connect } from 'node:net'

const rounds = Number(process.argv[2])
const knocks = process.argv[3].split(',').map(Number)

for (let round = 0; round < rounds; round++) {
  for (const port of knocks.slice(0, -1)) {
    await attempt(port, 200)
    // At random, since pcap hands packets over by a clock of its own, which the first knock would set.
    await pause(30 + Math.random() * 100)
  }
  const last = attempt(knocks.at(-1), 200)
  const begun = performance.now()
  await last
  const opened = await untilOpen(begun)
  process.stdout.write(`${opened === undefined ? Number.NaN : (opened - begun).toFixed(2)}\n`)
  // The door closes after a second, and its copies are forgotten.
  await pause(1500)
}
process.exit()

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
