import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { findDialect } from '../parsers/dialects.ts'
import type { DriverHost, LineBatch } from '../src/sources/driver.ts'
import { runReader } from '../src/sources/reader.ts'
import type { SourceConfig } from '../src/config/config.ts'
import type { FollowContext } from '../src/sources/follow.ts'
import { stdinDriver } from '../src/sources/stdin.ts'
import { eventually } from './support/eventually.ts'
import { followed, sourceConfig, type Followed } from './support/followed.ts'
import { numberedLine, numbers } from './support/log-writer.ts'
import { useFolder } from './support/run.ts'

const folder = useFolder()
const running: Followed[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map(({ live }) => live.stop()))
})

function follow(config: SourceConfig, more: Partial<FollowContext> = {}): Followed {
  const source = followed(config, more)
  running.push(source)
  return source
}

const command = (line: string, parser = 'clf'): SourceConfig => sourceConfig({ kind: 'command', command: line }, { parser })

describe('a command', () => {
  it('is read while it runs, and started again when it ends', async () => {
    const source = follow(command(`printf '${numberedLine(1)}\\n${numberedLine(2)}'`))
    await eventually(() => expect(source.live.stats.restarts).toBe(2))
    // The second line has no end.
    expect(new Set(numbers(source.events))).toEqual(new Set([1]))
    expect(source.suspensions[0]).toEqual({ why: '/usr/bin/printf ended with exit code 0', retryMs: 250 })
    expect(source.suspensions[1]!.retryMs).toBe(500)
    expect(source.live.position()).toBeUndefined()
  })

  it('is no shell: nothing is expanded', async () => {
    const marker = join(folder.path, 'marker')
    const source = follow(command(`echo $(touch ${marker}) ; touch ${marker}`))
    await eventually(() => expect(source.suspensions.length).toBeGreaterThan(0))
    expect(existsSync(marker)).toBe(false)
  })

  it('knows nothing of our surroundings but the time zone', async () => {
    vi.stubEnv('NODE_OPTIONS', '--no-warnings')
    vi.stubEnv('LD_LIBRARY_PATH', '/nowhere')
    vi.stubEnv('TZ', 'Asia/Tokyo')
    const out = join(folder.path, 'environment')
    const source = follow(command(`sh -c "env > ${out}; sleep 60"`))
    await eventually(() => expect(readFileSync(out, 'utf8')).toContain('PATH='))
    await source.live.stop()
    vi.unstubAllEnvs()
    const names = readFileSync(out, 'utf8').split('\n').map((line) => line.split('=')[0]).filter((name) => name !== '' && name !== '_' && name !== 'PWD' && name !== 'SHLVL')
    expect(names.toSorted()).toEqual(['LC_ALL', 'PATH', 'TZ'])
  })

  it('is heard when it complains, within bounds, and nothing of that reaches a terminal raw', async () => {
    const source = follow(command(`sh -c "printf 'bad \\033[31m thing\\n' >&2; seq 1000 >&2; sleep 60"`))
    await eventually(() => expect(source.notes.length).toBe(20))
    expect(source.notes[0]).toBe('it says: bad \\x1b[31m thing')
    await sleep(100)
    expect(source.notes.length).toBe(20)
  })

  it('is ended with all that it has started', async () => {
    const pids = join(folder.path, 'pids')
    const source = follow(command(`sh -c "trap '' TERM; sleep 60 & echo $$ $! > ${pids}; wait; sleep 60"`))
    await eventually(() => expect(readFileSync(pids, 'utf8')).toMatch(/\d+ \d+\n/))
    await source.live.stop()
    for (const pid of readFileSync(pids, 'utf8').trim().split(' ')) await eventually(() => expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH'))
  })

  it.each([
    ['echo "a', 'the command "echo \\"a" has a quote'.replace('\\"', '"')],
    ['/nonexistent/program', 'cannot be started: no such file or directory'],
    ['nonexistent-program -x', 'there is no program "nonexistent-program"'],
    ['""', 'there is no program ""'],
  ])('%j is suspended and says why', async (line, why) => {
    const source = follow(command(line))
    await eventually(() => expect(source.suspensions[0]).toEqual({ why: expect.stringContaining(why) as string, retryMs: 250 }))
  })
})

describe('standard input', () => {
  const read = async (input: PassThrough): Promise<{ lines: string[]; ending: unknown }> => {
    const lines: string[] = []
    const host: DriverHost = {
      signal: new AbortController().signal, running: () => {}, lost: () => {}, note: () => {}, writtenAfter: () => {},
      lines: async (batch: LineBatch) => void lines.push(...batch.lines),
      knockCount: () => 0,
    }
    return { ending: await stdinDriver(input).run(host), lines }
  }

  it('ends once, for good', async () => {
    const input = new PassThrough()
    input.write('one\ntw')
    input.end('o\nthree')
    expect(await read(input)).toEqual({ lines: ['one', 'two'], ending: { why: 'standard input has ended', isFinal: true } })
  })
})

describe('a source that cannot be read as configured', () => {
  it.each([
    [sourceConfig({ kind: 'stdin' }), 'it has no parser'],
    [sourceConfig({ kind: 'stdin' }, { parser: '/etc/knocktail/mine.js' }), 'there is no parser "/etc/knocktail/mine.js"'],
    [sourceConfig({ kind: 'kmsg' }, { parser: 'clf' }), 'clf lines are not read from kmsg'],
    [sourceConfig({ kind: 'journald' }, { parser: 'pflog' }), 'pflog lines are not read from journald'],
  ])('is suspended for good (%#)', async (config, why) => {
    const source = follow(config)
    await eventually(() => expect(source.suspensions).toEqual([{ why: expect.stringContaining(why) as string, retryMs: undefined }]))
  })

  it('may have a parser of its own', async () => {
    const dialect = { ...findDialect('clf')!, name: 'mine' }
    const source = follow(command(`echo '${numberedLine(1)}'`, '/etc/mine.js'), { dialect })
    await eventually(() => expect(numbers(source.events)).toContain(1))
  })
})

describe('a process that reads for one that may not', () => {
  it('hands on what it reads, and where it is', async () => {
    const log = folder.write('reader.log', '')
    const config = sourceConfig({ kind: 'file', path: log }, { parser: 'clf' })
    const output = new PassThrough()
    const reading = runReader(config, undefined, output)
    const source = follow(config, { rights: { reader: output } })
    await eventually(() => expect(source.runs).toBe(1))
    const text = `${numberedLine(1)}\n${numberedLine(2)}\nnothing\n`
    folder.write('reader.log', text)
    await eventually(() => expect(numbers(source.events)).toEqual([1, 2]))
    expect(source.live.stats).toMatchObject({ lines: 3, events: 2 })
    await eventually(() => expect(source.live.position()).toMatchObject({ read: [{ offset: text.length }] }))
    await source.live.stop()
    // It notices that nobody listens.
    expect(await reading).toBe(0)
  })

  it('is told of when it ends: it cannot be started again', async () => {
    const output = new PassThrough()
    const source = follow(sourceConfig({ kind: 'file', path: '/x' }, { parser: 'clf' }), { rights: { reader: output } })
    output.write('\nnot JSON\n{"say":"what"}\n{"say":"suspended","why":"it may not","retryMs":250}\n{"say":"restarting"}\n{"say":"lost","lines":3,"why":"x"}\n')
    output.end('{"say":"note","text":"hello"}\n')
    await eventually(() => expect(source.suspensions).toEqual([
      { why: 'it may not', retryMs: 250 }, { why: expect.stringContaining('start Knocktail anew') as string, retryMs: undefined },
    ]))
    expect(source.notes).toEqual(['hello'])
    expect(source.live.stats).toMatchObject({ restarts: 1, lost: 3 })
  })
})
