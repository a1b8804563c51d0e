import { spawn } from 'node:child_process'
import { utimesSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { kernelLog, knocks, netfilterText, webLine } from './support/log-lines.ts'
import { BIN, ended, jsonLines, run, start, useFolder, type Ran } from './support/run.ts'
import { expectedOf, SAMPLES } from './support/samples.ts'

const folder = useFolder()
let files = 0

function file(content: string | Buffer, ending = '.log'): string {
  return folder.write(`f${files++}${ending}`, content)
}

async function parse(log: string | Buffer, ...options: string[]): Promise<Ran> {
  return run(['parse', ...options, file(log)])
}

/** The times of the events, without the date if they all have the same as the first. */
async function times(log: string, ...options: string[]): Promise<unknown[]> {
  return timesOf(await parse(log, '--json', ...options))
}

function timesOf(ran: Ran): unknown[] {
  return jsonLines(ran.stdout).map(({ time }) => time)
}

const pflog = (stamp: string, port: number): string => `${stamp}rule 4/(match) pass in on wg0: 192.0.2.123.${port} > 192.0.2.31.22: S\n`
const syslog = (stamp: string, port = 7000): string => `${stamp} gate kernel: ${netfilterText({ at: 0, port })}\n`

describe("OpenBSD's relative stamps", () => {
  const third = (first: string): string => `${pflog(`${first} `, 10_583)}${pflog('1.000000 ', 10_582)}${pflog('5.998374 ', 10_584)}`

  it('count from the absolute time of the first line', async () => {
    const { stdout, code } = await parse(third('1783166400.000000'), '--json')
    expect(stdout.split('\n')[2]).toBe(
      '{"line":3,"time":"2026-07-04T12:00:05.998374Z","proto":"tcp","src":"192.0.2.123","sport":10584,"dst":"192.0.2.31","dport":22,'
      + '"flags":["SYN"],"iface":"wg0","dir":"in","action":"pass","parser":"pflog"}',
    )
    expect(code).toBe(0)
  })

  it('count from 1970 if that is 0.0', async () => {
    expect(await times(third('0.000000'))).toEqual(['1970-01-01T00:00:00.000000Z', '1970-01-01T00:00:01.000000Z', '1970-01-01T00:00:05.998374Z'])
  })

  it('are told apart: from the first line, or from the line before', async () => {
    const log = (spans: number[]): string => [1_783_166_400, ...spans].map((at, index) => pflog(`${at.toFixed(6)} `, 2000 + index)).join('')
    expect((await times(log([1, 2, 3, 4, 5, 6]))).at(-1)).toBe('2026-07-04T12:00:06.000000Z')
    expect((await times(log([5, 1, 5, 1, 5, 1]))).at(-1)).toBe('2026-07-04T12:00:18.000000Z')
  })

  it('--spans overrules what was found out', async () => {
    const log = [1_783_166_400, 1, 2, 3].map((at) => pflog(`${at}.000000 `, 2000 + at % 10)).join('')
    expect((await times(log, '--spans', 'since-previous')).at(-1)).toBe('2026-07-04T12:00:06.000000Z')
  })

  it('a new absolute time begins anew, also mid-file', async () => {
    const log = `${pflog('1783166400.000000 ', 1)}${pflog('9.000000 ', 2)}${pflog('1783170000.000000 ', 3)}${pflog('1.500000 ', 4)}`
    expect((await times(log)).slice(2)).toEqual(['2026-07-04T13:00:00.000000Z', '2026-07-04T13:00:01.500000Z'])
  })
})

describe('lines without a stamp', () => {
  const bare = 'IP 192.0.2.2.40000 > 192.0.2.1.7000: Flags [S], seq 1, win 64240, length 0\n'

  it('have time null', async () => {
    const stampless = `rule 4/0(match): pass in on em0: ${bare.slice('IP '.length)}`
    const { stdout, code } = await parse(stampless.repeat(2), '--json')
    expect(JSON.parse(stdout.split('\n')[1]!)).toMatchObject({ line: 2, time: null, src: '192.0.2.2', dport: 7000, flags: ['SYN'] })
    expect(code).toBe(0)
    expect((await parse(stampless)).stdout).toMatch(/^ {5}1 {2}no time {22}tcp {3}192\.0\.2\.2:40000 > 192\.0\.2\.1:7000 {2}SYN in em0 pass\n$/)
  })

  it('are refused of plain tcpdump: it may be a packet within a packet', async () => {
    expect((await parse(bare.repeat(2), '--parser', 'tcpdump')).code).toBe(1)
    const { stdout } = await parse(`12:00:00.000000 ${bare}${bare}`, '--unmatched', '--json')
    expect(jsonLines(stdout).map(({ line, reason }) => [line, reason])).toEqual([[2, 'ambiguous']])
  })
})

describe('what is printed', () => {
  it('of a web log: method, path and status instead of ports', async () => {
    expect((await parse(`${webLine(0, '/knock?a=%20b')}\n`, '--json')).stdout).toBe(
      '{"line":1,"time":"2026-07-04T12:00:00.000000Z","proto":"http","src":"192.0.2.2","method":"GET","path":"/knock?a=%20b","status":404,"parser":"clf"}\n',
    )
  })

  it('for people: one line an event', async () => {
    const { stdout } = await parse(kernelLog([{ at: 0, port: 7000, src: '2001:db8::2', sport: 41 }, { at: 1, port: 53, proto: 'UDP', sport: 42 }]))
    expect(stdout.replaceAll(/(?<=\S) {2,}/g, ' ')).toBe([
      '     1 2026-07-04 12:00:00.000000Z tcp [2001:db8::2]:41 > [2001:db8::1]:7000 SYN in eth0',
      '     2 2026-07-04 12:00:00.001000Z udp 192.0.2.2:42 > 192.0.2.1:53 in eth0',
      '',
    ].join('\n'))
  })

  it('with --unmatched: the other lines, their number and the reason', async () => {
    const log = `${kernelLog(knocks([7000]))}\nJul  4 12:00:01 gate sshd[7]: hello\nnonsense\n`
    expect((await parse(log, '--unmatched')).stdout).toBe(
      '     3  written by another program: Jul  4 12:00:01 gate sshd[7]: hello\n     4  not a line of this format: nonsense\n',
    )
    expect((await parse(log, '--unmatched', '--json')).stdout).toBe(
      '{"line":3,"reason":"other-program","text":"Jul  4 12:00:01 gate sshd[7]: hello"}\n{"line":4,"reason":"not-this-dialect","text":"nonsense"}\n',
    )
  })

  it('how much was understood, on standard error', async () => {
    const { stderr } = await parse(`${kernelLog(knocks([7000, 8000]))}nonsense\n`)
    expect(stderr).toMatch(/f\d+\.log: read as kernel \(2 of its first 3 lines; --parser says otherwise\)\n/)
    expect(stderr).toMatch(/f\d+\.log: 3 lines, 2 understood \(67 %\)\n {9}1 {2}not a line of this format\n$/)
  })
})

describe('the time of stamps that do not say all', () => {
  it('without a zone they are UTC, and that is told; --timezone says otherwise', async () => {
    const log = syslog('2026-07-04T14:00:00')
    const plain = await parse(log, '--json')
    expect([timesOf(plain), plain.stderr.includes('name no time zone and are read as UTC')]).toEqual([['2026-07-04T14:00:00.000000Z'], true])
    const berlin = await parse(log, '--json', '--timezone', 'Europe/Berlin')
    expect([timesOf(berlin), berlin.stderr.includes('time zone')]).toEqual([['2026-07-04T12:00:00.000000Z'], false])
    expect(await times(log, '--timezone', '-05:30')).toEqual(['2026-07-04T19:30:00.000000Z'])
  })

  it('in the hour that autumn repeats time goes forward', async () => {
    const log = ['01:59:59', '02:30:00', '02:59:59', '02:00:00', '02:30:00', '03:00:00'].map((clock) => syslog(`2026-10-25T${clock}`)).join('')
    expect((await times(log, '--timezone', 'Europe/Berlin')).map((time) => String(time).slice(11, 19))).toEqual([
      '23:59:59', '00:30:00', '00:59:59', '01:00:00', '01:30:00', '02:00:00',
    ])
  })

  it('without a year the file\'s own time tells, over New Year too', async () => {
    const path = file(syslog('Dec 31 23:59:59') + syslog('Jan  1 00:00:01'))
    utimesSync(path, new Date('2024-01-03'), new Date('2024-01-03'))
    expect(timesOf(await run(['parse', '--json', path]))).toEqual(['2023-12-31T23:59:59.000000Z', '2024-01-01T00:00:01.000000Z'])
  })

  it('--year is the year of the first line', async () => {
    const log = syslog('Dec 31 23:59:59') + syslog('Jan  1 00:00:01')
    expect(await times(log, '--year', '2019')).toEqual(['2019-12-31T23:59:59.000000Z', '2020-01-01T00:00:01.000000Z'])
  })

  it('the year is found although the log begins with hours of other lines', async () => {
    const boot = 'Mar  4 10:00:00 gate kernel: [    0.000000] a message of the boot that is no packet\n'.repeat(3000)
    const path = file(boot + syslog('Mar  4 10:00:09'))
    utimesSync(path, new Date('2025-03-05'), new Date('2025-03-05'))
    for (const options of [[], ['--parser', 'kernel']]) {
      const ran = await run(['parse', '--json', ...options, path])
      expect(timesOf(ran)).toEqual(['2025-03-04T10:00:09.000000Z'])
      expect(ran.stderr).toContain('name no time zone')
    }
  })

  it('the year is found although nothing at the beginning of the log tells how it writes its stamps', async () => {
    const boot = 'Mar  4 10:00:00 gate kernel: [    0.000000] a message of the boot that is no packet\n'.repeat(16_000)
    const path = file(boot + syslog('Mar  4 10:00:09'))
    utimesSync(path, new Date('2025-03-05'), new Date('2025-03-05'))
    expect(timesOf(await run(['parse', '--json', '--parser', 'kernel', path]))).toEqual(['2025-03-04T10:00:09.000000Z'])
  })

  it('29 February without a year is in a leap year', async () => {
    const path = file(syslog('Feb 29 12:00:00'))
    utimesSync(path, new Date('2026-07-04'), new Date('2026-07-04'))
    expect(timesOf(await run(['parse', '--json', path]))).toEqual(['2024-02-29T12:00:00.000000Z'])
  })

  // Known: inYear of parsers/wall-clock.ts finds no reading in a year that has no such day, and throws.
  it('29 February with a --year that has none is no stack trace', async () => {
    expect((await parse(syslog('Feb 29 12:00:00'), '--year', '2025')).stderr).not.toContain('TypeError')
  })

  it('a length of time beyond all dates gives no event, and no harm to the lines after it', async () => {
    const spans = ['99999999999999999.000000', ...Array.from({ length: 200 }, () => '99999999.000000')]
    const lines = spans.map((span) => `[<${span}>] ${netfilterText({ at: 0, port: 1 })}\n`)
    const ran = await parse([...lines, syslog('2026-07-04T12:00:00')].join(''), '--json', '--parser', 'kernel')
    expect(timesOf(ran)).toHaveLength(91)
    expect(timesOf(ran).at(-1)).toBe('2026-07-04T12:00:00.000000Z')
    expect(ran.stderr).toContain('its time does not exist')
  })
})

describe('where a log comes from', () => {
  const log = kernelLog(knocks([7000, 8000, 9000]))
  const ports = ({ stdout }: Ran): unknown[] => jsonLines(stdout).map(({ dport }) => dport)

  it('gzip, by whatever name, also several members in one file, also from standard input', async () => {
    const zipped = gzipSync(log)
    const members = Buffer.concat(log.split(/(?<=\n)/).map((line) => gzipSync(line)))
    expect(gunzipSync(members).toString()).toBe(log)
    for (const path of [file(zipped, '.log.gz'), file(zipped), file(members, '.gz')]) {
      expect(ports(await run(['parse', '--json', path]))).toEqual([7000, 8000, 9000])
    }
    expect(ports(await run(['parse', '--json', '-'], { stdin: zipped }))).toEqual([7000, 8000, 9000])
  })

  it('- is standard input, however it is cut', async () => {
    const child = start(['parse', '--json', '-'])
    const end = ended(child)
    for (const part of [log.slice(0, 20), log.slice(20, 300), log.slice(300)]) {
      child.stdin!.write(part)
      await new Promise((resolve) => setTimeout(resolve, 150))
    }
    child.stdin!.end()
    const ran = await end
    expect([ports(ran), ran.code]).toEqual([[7000, 8000, 9000], 0])
    expect(ran.stderr).toMatch(/^standard input: read as kernel \(3 of its first 3 lines/)
  })

  it('standard input that is still written to is not waited for', async () => {
    const child = start(['parse', '--json', '-'])
    const end = ended(child)
    const first = new Promise<string>((resolve) => child.stdout!.once('data', (data: Buffer) => resolve(data.toString())))
    child.stdin!.write(log)
    expect(await first).toContain('"dport":7000')
    child.stdin!.end()
    expect((await end).code).toBe(0)
  })

  it.skipIf(process.platform !== 'linux')('a pipe by path is read once and whole', async () => {
    const many = Array.from({ length: 12_000 }, (_, port) => syslog('Jul  4 12:00:00', port + 1)).join('')
    const path = file(many)
    // The shell's <(...) names a pipe; its undated stamps must not make us read it twice.
    const shell = spawn('bash', ['-c', '"$0" "$1" parse --json <(cat "$2")', process.execPath, BIN, path], { stdio: 'pipe' })
    expect(ports(await ended(shell))).toEqual(Array.from({ length: 12_000 }, (_, port) => port + 1))
  })

  it('two logs, each with its own format and its name before its lines', async () => {
    const [kernel, web] = [file(kernelLog(knocks([7000]))), file(`${webLine(0, '/a')}\n`)]
    const { stdout, stderr, code } = await run(['parse', kernel, `parser=clf:${web}`])
    expect(stdout.split('\n').map((line) => line.slice(0, line.indexOf(' ')))).toEqual([`${kernel}:`, `${web}:`, ''])
    expect(stderr.match(/read as \w+/g)).toEqual(['read as kernel'])
    expect(code).toBe(0)
  })
})

describe('which format it is', () => {
  /** OpenBSD's httpd writes its common format as Apache writes vhost_combined; the traps in this sample are refused by its own parser only. */
  const LOOKS_LIKE: Readonly<Record<string, string>> = { 'openbsd-httpd/common': 'clf' }
  const samples = SAMPLES.filter((sample) => expectedOf(sample).some(({ reason }) => reason === undefined))

  it('is found out for every sample', async () => {
    const { stderr } = await run(['parse', '--json', ...samples.map(({ log }) => log)])
    const found = stderr.split('\n').flatMap((line) => / read as ([\w-]+) \(\d/.exec(line)?.[1] ?? [])
    expect(found).toEqual(samples.map(({ name, dialect }) => LOOKS_LIKE[name] ?? dialect))
    expect(new Set(found).size).toBeGreaterThanOrEqual(13)
  })

  it('a log of none is refused', async () => {
    const { stdout, stderr, code } = await parse('Lorem ipsum\ndolor sit amet\n')
    expect([stdout, code]).toEqual(['', 1])
    expect(stderr).toBe(`knocktail: ${join(folder.path, `f${files - 1}.log`)} is in no format that Knocktail knows: knocktail parsers lists them, --parser names one\n`)
  })
})
