import { createWriteStream } from 'node:fs'
import { once } from 'node:events'

/** Seeded, so that every run measures the same file. */
function random(seed) {
  return () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) | 0
    return (seed >>> 0) / 4_294_967_296
  }
}

/**
 * Kernel LOG lines as rsyslog writes them: 5,000 addresses that touch random ports at 2,000 lines a second, and every
 * 1,000th line a knock of someone who goes through 7000, 8000, 9000.
 */
export async function generateKernelLog(path, lines) {
  const next = random(20_261_121)
  const file = createWriteStream(path)
  let chunk = ''
  for (let line = 0; line < lines; line++) {
    const knock = line % 1000 === 0
    const host = knock ? 250 + (Math.floor(line / 3000) % 4) : 0
    const src = knock ? `198.51.100.${host}` : `10.${Math.floor(next() * 20)}.${Math.floor(next() * 250)}.7`
    const dport = knock ? [7000, 8000, 9000][(line / 1000) % 3] : 1 + Math.floor(next() * 65_000)
    chunk += kernelLine(line, src, 1024 + Math.floor(next() * 60_000), dport)
    if (chunk.length > 1 << 18) {
      if (!file.write(chunk)) await once(file, 'drain')
      chunk = ''
    }
  }
  file.end(chunk)
  await once(file, 'finish')
}

function kernelLine(line, src, sport, dport) {
  const time = new Date(1_783_166_400_000 + line / 2).toISOString().slice(0, 19)
  const micros = String((line * 500) % 1_000_000).padStart(6, '0')
  return `${time}.${micros}+00:00 gate kernel: knock: IN=eth0 OUT= MAC=0a:af:3d:be:84:8f:56:6f:17:ab:ca:03:08:00 SRC=${src} DST=192.0.2.1 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=${line % 65_536} DF PROTO=TCP SPT=${sport} DPT=${dport} WINDOW=64240 RES=0x00 SYN URGP=0 \n`
}
