// How many lines a second others read, who follow logs, too: whole processes, in turn, the quickest of each, beside Knocktail in the same run.
// fail2ban reads the same log as Knocktail, with one expression for the knocks, and one of its own kind; sshguard's expressions are built in. What
// is not installed is left out.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { generateLog } from './generate.mjs'
import { dataFile, runInTurn } from './whole-process.mjs'

const ROUNDS = Number(process.argv[2] ?? 3)
const LINES = 1_000_000
/** fail2ban would need half a minute for as many. */
const FEWER_LINES = 100_000

const BIN = fileURLToPath(new URL('../dist/src/bin.js', import.meta.url))
const CONFIG = fileURLToPath(new URL('knocktail.conf', import.meta.url))
const FAIL2BAN_REGEX = '/usr/bin/fail2ban-regex'
const SSHG_PARSER = ['/usr/libexec/sshguard/sshg-parser', '/usr/lib/sshguard/sshg-parser', '/usr/local/libexec/sshg-parser'].find(existsSync)
const KNOCK = String.raw`kernel: knock: .*SRC=<HOST> .*DPT=(?:7000|8000|9000) `

const logOf = (format, lines) => dataFile(`${format}-${lines}.log`)
const fail2ban = (format, expression) => [FAIL2BAN_REGEX, '--raw', '--usedns', 'no', '--out', 'ip', logOf(format, FEWER_LINES), expression]

const READERS = [
  { format: 'kernel', lines: LINES, name: 'knocktail replay', argv: [process.execPath, BIN, 'replay', '-c', CONFIG, '--parser', 'kernel', '--json', logOf('kernel', LINES)] },
  { format: 'kernel', lines: FEWER_LINES, name: 'knocktail replay', argv: [process.execPath, BIN, 'replay', '-c', CONFIG, '--parser', 'kernel', '--json', logOf('kernel', FEWER_LINES)] },
  { format: 'kernel', lines: FEWER_LINES, name: 'fail2ban-regex, one expression', argv: fail2ban('kernel', KNOCK) },
  { format: 'auth', lines: FEWER_LINES, name: 'fail2ban-regex, its sshd filter', argv: fail2ban('auth', 'sshd') },
  { format: 'auth', lines: LINES, name: 'sshg-parser', argv: [SSHG_PARSER], input: logOf('auth', LINES) },
].filter(({ argv: [program] }) => program !== undefined && existsSync(program))

for (const { format, lines } of READERS) await generateLog(logOf(format, lines), format, lines)

console.log('| log | lines | read by | lines/s | time | most memory |\n|---|---|---|---|---|---|')
const speeds = runInTurn(READERS, ROUNDS).map((reader) => ({ ...reader, speed: reader.lines / reader.seconds }))
for (const { format, lines, name, speed, seconds, peak } of speeds) {
  console.log(`| ${format} | ${lines.toLocaleString('en')} | ${name} | ${(speed / 1e6).toFixed(3)} M | ${seconds.toFixed(2)} s | ${peak.toFixed(0)} MB |`)
}
const ours = speeds[0].speed
console.log(`\n${speeds.slice(2).map(({ name, speed }) => `replay reads ${(ours / speed).toFixed(1)} times as many lines a second as ${name}`).join('\n')}`)
if (!existsSync(FAIL2BAN_REGEX)) console.log('fail2ban is not installed: its rows are left out')
if (!SSHG_PARSER) console.log('sshguard is not installed: its row is left out')
