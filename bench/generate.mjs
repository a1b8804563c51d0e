import { createWriteStream, existsSync, renameSync } from 'node:fs'
import { once } from 'node:events'

/**
 * Logs to measure with, each line the commonest of its format: 5,000 addresses that touch random ports or pages at 2,000 lines a second, and
 * every 1,000th line a knock of someone who goes through the whole sequence.
 */
export const LOGS = {
  kernel: {
    knocks: 'SRC=[0-9.]+ .*DPT=(7000|8000|9000) ',
    line: ({ line, src, sport, dport }) =>
      `${isoTime(line)} gate kernel: knock: IN=eth0 OUT= MAC=0a:af:3d:be:84:8f:56:6f:17:ab:ca:03:08:00 SRC=${src} DST=192.0.2.1 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=${line % 65_536} DF PROTO=TCP SPT=${sport} DPT=${dport} WINDOW=64240 RES=0x00 SYN URGP=0 \n`,
  },
  pflog: {
    knocks: String.raw`[0-9.]+ > [0-9.]+\.(7000|8000|9000): S`,
    line: ({ line, src, sport, dport }) =>
      `${EPOCH + Math.floor(line / 2000)}.${micros(line)} rule 4/(match) block in on em0: ${src}.${sport} > 192.0.2.1.${dport}: S ${line}:${line}(0) win 16384 <mss 1460,nop,nop,sackOK,nop,wscale 6,nop,nop,timestamp 1 0> (DF)\n`,
  },
  clf: {
    knocks: 'GET /(7000|8000|9000) ',
    line: ({ line, src, dport }) =>
      `${src} - - [${clfTime(line)}] "GET /${dport} HTTP/1.1" 404 153 "https://example.org/a/page" "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"\n`,
  },
  /** What sshguard and fail2ban are for: every line is a failure of one of those addresses. */
  auth: {
    line: ({ line, src, sport }) => `${syslogTime(line)} gate sshd[${1000 + (line % 9000)}]: Failed password for invalid user admin from ${src} port ${sport} ssh2\n`,
  },
}

/** 2026-07-04T12:00:00Z */
const EPOCH = 1_783_166_400
const MANY = 1 << 18

/** Seeded, so that every run measures the same file. */
function random(seed) {
  return () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) | 0
    return (seed >>> 0) / 4_294_967_296
  }
}

/** Writes that many lines of a format, unless they are there already. */
export async function generateLog(path, format, lines) {
  if (existsSync(path)) return
  const next = random(20_261_121)
  const file = createWriteStream(`${path}.part`)
  let chunk = ''
  for (let line = 0; line < lines; line++) {
    chunk += LOGS[format].line(packet(line, next))
    if (chunk.length < MANY) continue
    if (!file.write(chunk)) await once(file, 'drain')
    chunk = ''
  }
  file.end(chunk)
  await once(file, 'finish')
  renameSync(`${path}.part`, path)
}

function packet(line, next) {
  const isKnock = line % 1000 === 0
  const src = isKnock ? `198.51.100.${250 + (Math.floor(line / 3000) % 4)}` : `10.${Math.floor(next() * 20)}.${Math.floor(next() * 250)}.7`
  const dport = isKnock ? [7000, 8000, 9000][(line / 1000) % 3] : 1 + Math.floor(next() * 65_000)
  return { line, src, sport: 1024 + Math.floor(next() * 60_000), dport }
}

function micros(line) {
  return String((line * 500) % 1_000_000).padStart(6, '0')
}

function isoTime(line) {
  return `${new Date(EPOCH * 1000 + line / 2).toISOString().slice(0, 19)}.${micros(line)}+00:00`
}

function syslogTime(line) {
  return `Jul  4 ${new Date(EPOCH * 1000 + line / 2).toISOString().slice(11, 19)}`
}

function clfTime(line) {
  const time = new Date(EPOCH * 1000 + line / 2).toISOString()
  return `${time.slice(8, 10)}/Jul/2026:${time.slice(11, 19)} +0000`
}
