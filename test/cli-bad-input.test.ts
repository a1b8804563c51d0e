import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { kernelLine, kernelLog, knocks, webLine } from './support/log-lines.ts'
import { BIN, ended, jsonLines, start, useFolder } from './support/run.ts'
import { useTried } from './support/tried.ts'

const folder = useFolder()
const CONF = folder.write('good.conf', '[knocktail]\nfirewall = null\n[ssh]\nsequence = 7000, 8000, 9000\nports = 22/tcp\n')
const LOG = folder.write('good.log', kernelLog(knocks([7000, 8000, 9000])))
let files = 0

function file(content: string | Buffer, ending = '.log'): string {
  return folder.write(`f${files++}${ending}`, content)
}

const { tried } = useTried()

describe('a log that cannot be read', () => {
  // Root may read everything.
  const asNobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  const mayRun = spawnSync(process.execPath, ['-e', `require('fs').accessSync(process.argv[1])`, BIN], asNobody).status === 0

  it.skipIf(!mayRun)('that this user may not read', async () => {
    const path = file('x')
    chmodSync(path, 0o000)
    expect(await tried(['parse', path], asNobody)).toEqual({ code: 1, stdout: '', stderr: `knocktail: ${path} may not be read by this user\n` })
  })

  it('a directory, a missing file, an empty one, the beginning of a gzip file', async () => {
    const directory = join(folder.path, 'directory')
    mkdirSync(directory)
    const missing = join(folder.path, 'missing')
    const [empty, cut] = [file(''), file(Buffer.from([0x1f, 0x8b]))]
    const messages = [[directory, 'is a directory: name the log file in it'], [missing, 'does not exist'], [empty, 'is empty'],
      [cut, 'is cut short: the gzip data ends before its end']] as const
    for (const [path, message] of messages) {
      for (const args of [['parse'], ['parse', '--parser', 'kernel'], ['replay', '-c', CONF]]) {
        expect(await tried([...args, path])).toEqual({ code: 1, stdout: '', stderr: `knocktail: ${path} ${message}\n` })
      }
    }
  })

  it('a missing one among others: nothing is begun', async () => {
    const { stdout, code } = await tried(['parse', LOG, join(folder.path, 'missing')])
    expect([stdout, code]).toEqual(['', 1])
  })

  it('standard input twice, an empty standard input', async () => {
    expect((await tried(['parse', '-', '-'])).code).toBe(2)
    expect(await tried(['parse', '-'])).toEqual({ code: 1, stdout: '', stderr: 'knocktail: standard input is empty\n' })
  })
})

describe('bytes that are no log', () => {
  it('binary ones, as a format to be found out and as a given one', async () => {
    const path = file(Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 7919 + (index >> 3)) & 255)))
    expect((await tried(['parse', path])).stderr).toMatch(/is in no format that Knocktail knows/)
    const given = await tried(['parse', '--parser', 'kernel', path])
    expect([given.stdout, given.code]).toEqual(['', 1])
    expect((await tried(['parse', '--parser', 'kernel', '--unmatched', path])).code).toBe(1)
  })

  it('the wrong format: nothing is understood, and that is said', async () => {
    const { stdout, stderr, code } = await tried(['parse', '--parser', 'clf', LOG])
    expect([stdout, code]).toEqual(['', 1])
    expect(stderr).toMatch(/3 lines, 0 understood \(0 %\)\n +3 {2}written by another program\n {2}nothing in it was understood as clf: name the right one with --parser\n$/)
    expect((await tried(['replay', '-c', CONF, '--parser', 'clf', LOG])).code).toBe(1)
  })

  it('NUL, bytes that are not UTF-8, and a line without end between good ones', async () => {
    const bad = Buffer.concat([Buffer.from('Nov 20 a\0b\n'), Buffer.from([0xff, 0xfe, 0xc0, 0x80, 10]), Buffer.from(`${'x'.repeat(20_000)}\n`)])
    const good = knocks([7000, 8000, 9000]).map(kernelLine)
    const path = file(Buffer.concat(good.flatMap((line) => [bad, Buffer.from(`${line}\n`)])))
    const { stdout, stderr, code } = await tried(['replay', '-c', CONF, '--json', path])
    expect([jsonLines(stdout).map(({ event }) => event), code]).toEqual([['open', 'close'], 0])
    expect(stderr).toContain('       3  longer than 8 KiB\n')
    await tried(['parse', '--unmatched', path])
    await tried(['parse', '--unmatched', '--json', path])
  })

  it('CR LF at the ends of lines', async () => {
    const { stdout } = await tried(['replay', '-c', CONF, '--json', file(readFileSync(LOG, 'utf8').replaceAll('\n', '\r\n'))])
    expect(jsonLines(stdout).map(({ event }) => event)).toEqual(['open', 'close'])
    const conf = file(readFileSync(CONF, 'utf8').replaceAll('\n', '\r\n'))
    expect((await tried(['replay', '-c', conf, LOG])).code).toBe(0)
  })

  it('5,000 columns, of this format and of none', async () => {
    const wide = webLine(0, '/a') + ' "x"'.repeat(1500)
    expect(jsonLines((await tried(['parse', '--json', file(`${wide}\n`)])).stdout)).toHaveLength(1)
    const { stderr, code } = await tried(['parse', file(`${'x '.repeat(5000)}\n`.repeat(50))], { limitMs: 5000 })
    expect([code, stderr.includes('no format')]).toEqual([1, true])
  })

  it('a last line that was cut', async () => {
    const text = kernelLog(knocks([7000, 8000, 9000]))
    const cut = await tried(['parse', '--json', file(text.slice(0, -30))])
    expect([jsonLines(cut.stdout).length, cut.code]).toEqual([2, 0])
    expect(cut.stderr).toContain('its last line has no newline: it may be cut short')
    expect((await tried(['parse', '--json', file(text)])).stderr).not.toContain('newline')
  })

  it('very many lines of one character', async () => {
    const ran = await tried(['parse', file('a\n'.repeat(1_000_000))], { limitMs: 15_000 })
    expect(ran.code).toBe(1)
  })
})

describe('gzip data', () => {
  const lines = Array.from({ length: 3000 }, (_, index) => kernelLine({ at: index, port: 1 + index, src: `198.51.100.${index % 251}`, sport: (index * 7919) % 60_000 }))
  /** Dated and not: where years are missing, the end is looked at first. */
  const texts = { dated: `${lines.join('\n')}\n`, undated: `${lines.join('\n').replaceAll(/^2026-07-04T(\S{8})\S+/gm, 'Jul  4 $1')}\n` }

  it.each(Object.entries(texts))('cut short: what came before stands (%s)', async (_name, text) => {
    const zipped = gzipSync(text)
    for (const name of ['parse', 'replay']) {
      const args = name === 'parse' ? ['parse', '--json'] : ['replay', '-c', CONF]
      const { stdout, stderr, code } = await tried([...args, file(zipped.subarray(0, zipped.length / 2), '.gz')])
      expect(code).toBe(1)
      expect(stderr).toMatch(/f\d+\.gz is cut short: the gzip data ends before its end/)
      expect(Number(/(\d+) understood/.exec(stderr)?.[1])).toBeGreaterThan(1000)
      if (name === 'parse') expect(jsonLines(stdout)[1000]).toMatchObject({ line: 1001, dport: 1001 })
    }
  })

  it.each(Object.entries(texts))('damaged: what came before stands (%s)', async (_name, text) => {
    const zipped = Buffer.concat([gzipSync(text), Buffer.from('no gzip data')])
    zipped.fill(0xff, zipped.length - 3000, zipped.length - 2000)
    const { stdout, stderr, code } = await tried(['parse', '--json', file(zipped, '.gz')])
    expect(code).toBe(1)
    expect(stderr).toMatch(/f\d+\.gz is damaged: the gzip data cannot be decompressed/)
    expect(jsonLines(stdout).length).toBeGreaterThan(1000)
  })
})

describe('a line of 300 MB', () => {
  it.skipIf(process.platform !== 'linux')('needs less than 200 MB', async () => {
    const child = start(['parse', '--parser', 'kernel', '-'])
    const end = ended(child, 60_000)
    const megabyte = Buffer.alloc(1 << 20, 'x')
    for (let written = 0; written < 300; written++) {
      if (!child.stdin!.write(megabyte)) await new Promise((resolve) => child.stdin!.once('drain', resolve))
    }
    child.stdin!.write(`\n${kernelLine({ at: 0, port: 7000 })}\n`)
    const peakKilobytes = peakOf(child.pid!)
    child.stdin!.end()
    const { stdout, code } = await end
    expect([stdout.includes('192.0.2.1:7000'), code]).toEqual([true, 0])
    expect(peakKilobytes).toBeGreaterThan(10_000)
    expect(peakKilobytes).toBeLessThan(200_000)
  }, 90_000)

  function peakOf(pid: number): number {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  }
})

describe('a command line that is wrong', () => {
  it.each<[string, string[], string]>([
    ['no arguments', [], 'Usage: knocktail'],
    ['an unknown command', ['repaly'], "error: unknown command 'repaly'\n(Did you mean replay?)"],
    ['an unknown flag', ['parse', '--jsno', LOG], "error: unknown option '--jsno'\n(Did you mean --json?)"],
    ['an unknown flag of another command', ['parse', '-c', CONF, LOG], "error: unknown option '-c'"],
    ['no log', ['parse'], "error: missing required argument 'log'"],
    ['no configuration', ['replay', LOG], "error: required option '-c, --config <file>' not specified"],
    ['no value', ['replay', LOG, '-c'], "error: option '-c, --config <file>' argument missing"],
    ['an argument too many', ['check', '-c', CONF, LOG], 'error: too many arguments'],
    ['an unknown parser', ['parse', '--parser', 'kernal', LOG], 'knocktail: there is no parser "kernal": knocktail parsers lists them'],
    ['an unknown parser of one log', ['parse', `parser=kernal:${LOG}`], 'knocktail: there is no parser "kernal"'],
    ['a parser without a log', ['parse', 'parser=kernel:'], 'knocktail: "parser=kernel:" names no log: write parser=kernel:FILE'],
    ['a parser without a log or colon', ['parse', 'parser=kernel'], 'knocktail: "parser=kernel" names no log: write parser=kernel:FILE'],
    ['an unknown zone', ['parse', '--timezone', 'Mars/Base', LOG], 'knocktail: "Mars/Base" is no time zone: write UTC, '],
    ['a zone beyond a day', ['parse', '--timezone', '+25:00', LOG], 'knocktail: "+25:00" is no time zone'],
    ['a year of two digits', ['parse', '--year', '26', LOG], 'knocktail: "26" is no year: write four digits, such as 2026'],
    ['unknown spans', ['parse', '--spans', 'both', LOG], 'knocktail: "both" is neither since-first nor since-previous'],
    ['controls in a flag', ['parse', '--\u001b[31m\u202e', LOG], "error: unknown option '--\\x1b[31m\\u202e'"],
    ['controls in a parser', ['parse', '--parser', '\u001b[31m', LOG], 'knocktail: there is no parser "\\x1b[31m"'],
  ])('%s', async (_name, args, message) => {
    const { code, stdout, stderr } = await tried(args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(message)
  })

  it('--help of every command and --version are no mistakes', async () => {
    const help = await tried(['--help'])
    const commands = [...help.stdout.matchAll(/^ {2}([a-z]+) \[options\]/gm)].map(([, name]) => name!)
    expect([commands, help.code, help.stderr]).toEqual([expect.arrayContaining(['replay', 'parse', 'check', 'parsers']), 0, ''])
    for (const command of commands) {
      const { stdout, stderr, code } = await tried([command, '--help'])
      expect([stdout.startsWith(`Usage: knocktail ${command} [options]`), stderr, code]).toEqual([true, '', 0])
      expect(await tried([command, '--version'])).toMatchObject({ stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), code: 0 })
    }
    for (const version of ['-V', '--version']) expect((await tried([version])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})

describe('a configuration that is wrong', () => {
  const bad = '[knocktail]\nfirewal = pf\n[ssh]\nsequence = 7000, 80000\nreorder = soon\n[web]\nports = 80/tcp\n'

  it('everything is told at once, with file and line', async () => {
    const conf = file(bad, '.conf')
    for (const args of [['check', '-c', conf], ['replay', '-c', conf, LOG]]) {
      const { code, stdout, stderr } = await tried(args)
      expect([code, stdout]).toEqual([78, ''])
      expect(stderr.split('\n').map((line) => line.slice(0, `${conf}:1: `.length))).toEqual([2, 4, 5, 6].map((line) => `${conf}:${line}: `).concat(''))
      expect(stderr).toContain('"80000"')
      expect(stderr).toContain('"soon"')
    }
  })

  it('of a knockd.conf too', async () => {
    const conf = file('[ssh]\nsequence = abc\nseq_timeout = 0\n', '.conf')
    const { code, stderr } = await tried(['check', '-c', conf])
    expect([code, stderr.match(/^\S+:\d+: /gm)]).toEqual([78, [`${conf}:2: `, `${conf}:3: `]])
  })

  it('one that cannot be read, also of a name with controls', async () => {
    const missing = await tried(['check', '-c', join(folder.path, 'a\u001b[2Jb')])
    expect(missing).toEqual({ code: 78, stdout: '', stderr: `${folder.path}/a\\x1b[2Jb: cannot be read: no such file or directory\n` })
    expect((await tried(['replay', '-c', folder.path, LOG])).code).toBe(78)
  })

  it('is told before the logs are looked at', async () => {
    const { code } = await tried(['replay', '-c', file(bad, '.conf'), join(folder.path, 'missing')])
    expect(code).toBe(78)
  })

  it('binary', async () => {
    const { code } = await tried(['check', '-c', file(Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7919) & 255)))])
    expect(code).toBe(78)
  })
})
