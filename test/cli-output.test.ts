import { spawn, spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { kernelLine, kernelLog, knocks, webLine } from './support/log-lines.ts'
import { BIN, ended, start, useFolder } from './support/run.ts'
import { useTried } from './support/tried.ts'

const folder = useFolder()
const CONF = folder.write('good.conf', '[knocktail]\nfirewall = null\n[ssh]\nsequence = 7000, 8000, 9000\nports = 22/tcp\n')
const LOG = folder.write('good.log', kernelLog(knocks([7000, 8000, 9000])))
const { tried, look } = useTried()

describe('output that nobody takes', () => {
  const long = folder.write('long.log', kernelLog(Array.from({ length: 20_000 }, (_, index) => ({ at: index, port: 7000 }))))

  it('a closed pipe ends it quietly', async () => {
    for (const args of [['parse', '--json', long], ['parse', long], ['parse', '--unmatched', '--parser', 'clf', long]]) {
      const child = start(args)
      const end = ended(child)
      child.stdout!.once('data', () => child.stdout!.destroy())
      const { code, stderr } = await end
      expect(code).toBe(0)
      expect(stderr.replaceAll(/^\S+long\.log: read as .*\n/gm, '')).toBe('')
    }
  })

  it('a closed pipe of help too', () => {
    const { status, stderr } = spawnSync('sh', ['-c', '"$0" "$1" --help | true', process.execPath, BIN], { encoding: 'utf8' })
    expect([status, stderr]).toEqual([0, ''])
  })

  it.skipIf(process.platform !== 'linux')('a full disk is a failure, and is said', async () => {
    const full = openSync('/dev/full', 'w')
    const child = spawn(process.execPath, [BIN, 'parse', '--json', LOG], { stdio: ['ignore', full, 'pipe'] })
    const ran = await ended(child)
    closeSync(full)
    look(ran)
    expect(ran.code).toBe(1)
    expect(ran.stderr).toContain('knocktail: standard output cannot be written: no space left on device\n')
  })
})

describe('text that a terminal would obey', () => {
  const ESCAPES = '\u001b[31m\u009b2J\u202e\u2066'

  it('of a web log: never as it is', async () => {
    const conf = folder.write('web.conf', '[knocktail]\nfirewall = null\n[w]\nsequence = GET /a, GET /b, GET /c\nports = 22/tcp\n')
    const evil = [webLine(0, `/\u202ex\u2066`), webLine(0, `/x${ESCAPES}`), webLine(0, '/y', { agent: ESCAPES }), webLine(0, '/a'), webLine(1000, '/c'), webLine(2000, '/z')]
    const log = folder.write('web.log', `${evil.join('\n')}\n`)
    for (const args of [['parse'], ['parse', '--json'], ['parse', '--unmatched'], ['parse', '--unmatched', '--json'], ['replay', '-c', conf], ['replay', '--json', '-c', conf]]) {
      await tried([...args, '--parser', 'clf', log])
    }
    const { stdout } = await tried(['parse', '--parser', 'clf', log])
    expect(stdout).toContain('GET /\\u202ex\\u2066  404\n')
    expect((await tried(['parse', '--json', '--parser', 'clf', log])).stdout).toContain('"path":"/\\u202ex\\u2066"')
  })

  it('of a kernel log: the interface, the prefix', async () => {
    const line = kernelLine({ at: 0, port: 7000 })
    const log = folder.write('kernel.log', [line, line.replace('IN=eth0', `IN=${ESCAPES}`), line.replace('knock: ', `knock${ESCAPES}: `), `${ESCAPES}${line}`].join('\n'))
    for (const args of [[], ['--json'], ['--unmatched'], ['--unmatched', '--json']]) await tried(['parse', ...args, log])
    expect((await tried(['parse', '--unmatched', log])).stdout).toContain('\\x1b[31m')
  })

  it('of names of files', async () => {
    const path = folder.write(`${ESCAPES}.log`, kernelLog(knocks([7000])))
    for (const args of [['parse', path, LOG], ['replay', '-c', CONF, path], ['parse', `${path}missing`], ['parse', `${path}/x`], ['parse', `${'x'.repeat(300)}\u001b`]]) await tried(args)
    expect((await tried(['parse', path])).stderr).toContain('\\x1b[31m')
  })
})
