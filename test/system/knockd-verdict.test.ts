import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parseConfig } from '../../src/config/parse.ts'

const KNOCKD = '/usr/sbin/knockd'
const folder = mkdtempSync(join(tmpdir(), 'knockd-verdict-'))
afterAll(() => rmSync(folder, { recursive: true }))

const door = (...keys: string[]): string => `[d]\n${keys.join('\n')}\n`

/** Whether the real knockd starts with it. */
async function knockdAccepts(text: string, name: string): Promise<boolean> {
  const path = join(folder, name)
  writeFileSync(path, text)
  const child = spawn(KNOCKD, ['-i', 'lo', '-v', '-c', path], { stdio: ['ignore', 'pipe', 'ignore'] })
  let output = ''
  return new Promise((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes('listening on')) child.kill('SIGKILL')
    })
    child.on('close', () => resolve(output.includes('listening on')))
  })
}

const accepts = (text: string): boolean => !Array.isArray(parseConfig(text, 'k.conf'))

/** Set where a skipped test is a failed one. */
const isRequired = process.env['KNOCKTAIL_REQUIRE_SYSTEM'] === '1'
const canRun = existsSync(KNOCKD) && process.getuid?.() === 0

describe.skipIf(!canRun && !isRequired)('the real knockd and its reader here', () => {
  it.concurrent.each([
    ['two options', '[options]\nUseSyslog\n[options]\nPidFile=/x\n[d]\nsequence=1,2\n'],
    ['no door', ''],
    ['signs and zeros', door('sequence=+7,08')],
    ['blanks and capitals', door('SEQUENCE = 1 : TCP , 2: udp')],
    ['no protocol', door('sequence=1:,2')],
    ['another protocol', door('sequence=1:icmp,2')],
    ['32 steps', door(`sequence=${Array.from({ length: 32 }, (_, index) => index + 1).join()}`)],
    ['33 steps', door(`sequence=${Array.from({ length: 33 }, (_, index) => index + 1).join()}`)],
    ['a port too high', door('sequence=70000,1')],
    ['no flag', door('sequence=1,2', 'tcpflags=')],
    ['a blank before a flag', door('sequence=1,2', 'tcpflags=syn, ack')],
    ['a blank in a flag', door('sequence=1,2', 'tcpflags=! syn')],
    ['flags in capitals', door('sequence=1,2', 'tcpflags=SYN,!Ack')],
    ['UseSyslog with a value', `[options]\nusesyslog = 1\n${door('sequence=1,2')}`],
    ['UseSyslog in a door', door('sequence=1,2', 'USESYSLOG')],
    ['[Options]', `[Options]\nlogfile=/x\n${door('sequence=1,2')}`],
    ['a sequence in the options', `[options]\nsequence=1,2\n${door('sequence=1,2')}`],
    ['a semicolon', `; x\n${door('sequence=1,2')}`],
    ['a stop command only', door('sequence=1,2', 'stop_command=x')],
    ['no sequence', door('command=x')],
    ['no name', '[]\nsequence=1,2\n'],
    ['a name with blanks', '[ a b ]\nsequence=1,2\n'],
    ['a name with a bracket', '[a]b]\nsequence=1,2\n'],
    ['text behind a header', '[a] # x\nsequence=1,2\n'],
    ['a target that is no address', door('sequence=1,2', 'target=foo')],
    ['an IPv6 target', door('sequence=1,2', 'target=::1')],
    ['no key', door('sequence=1,2', '=x')],
    ['a key twice', door('sequence=1,2', 'sequence=3,4')],
    ['form feeds', '[d]\n\fsequence=1,2\f\n'],
  ])('agree on %s', async (name, text) => {
    expect(accepts(text)).toBe(await knockdAccepts(text, `${name.replace(/\W/g, '-')}.conf`))
  })

  it.concurrent.each([
    ['an empty step', door('sequence=1,2,')],
    ['text for a port', door('sequence=abc,1')],
    ['a negative port', door('sequence=-1,1')],
    ['a comment behind a value', door('sequence=1,2 # x')],
    ['no time at all', door('sequence=1,2', 'seq_timeout=0')],
    ['text for a time', door('sequence=1,2', 'seq_timeout=soon')],
    ['flags that exclude each other', door('sequence=1,2', 'tcpflags=syn,!syn')],
  ])('differ on %s, which knockd silently misreads', async (name, text) => {
    expect([await knockdAccepts(text, `${name.replace(/\W/g, '-')}.conf`), accepts(text)]).toEqual([true, false])
  })
})
