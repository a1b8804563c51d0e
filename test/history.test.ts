import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Micros } from '../parsers/time.ts'
import { readFilter, type HistoryWish } from '../src/history/filter.ts'
import { History } from '../src/history/history.ts'
import { readHistory } from '../src/history/read.ts'
import { historyLine, parseRecord, type HistoryRecord } from '../src/history/record.ts'
import type { LogEvent } from '../src/log/event.ts'
import { eventually } from './support/eventually.ts'
import { jsonLines, run, start, useFolder } from './support/run.ts'

const folder = useFolder()
const NOW = 1_783_166_402_000_000 as Micros
const clocks = { wall: (): Micros => NOW }
const event = (text: string, facts: LogEvent['facts'] = {}, name = 'open'): LogEvent => ({ level: 'info', event: name, text, facts })

let count = 0
function newFolder(): string {
  const path = join(folder.path, `state${++count}`)
  mkdirSync(path)
  return path
}

async function write(stateDir: string, events: readonly LogEvent[], limits: { bytes: number; keep: number }): Promise<unknown[]> {
  const refusals: unknown[] = []
  const history = new History({ stateDir, ...limits }, clocks)
  history.begin((why) => refusals.push(why))
  for (const one of events) {
    history.write(one)
    // So that some are written one by one, and some together.
    if (one.text.length % 3 === 0) await new Promise(setImmediate)
  }
  await history.end()
  return refusals
}

async function read(stateDir: string): Promise<HistoryRecord[]> {
  const records: HistoryRecord[] = []
  for await (const record of readHistory(stateDir, () => {})) records.push(record)
  return records
}

describe('a record', () => {
  it('has the time of the knock, the facts and the words', () => {
    const line = historyLine(event('ssh: 192.0.2.7 closed', { rule: 'ssh', address: '192.0.2.7', at: '2026-07-04T12:00:02.010118Z', by: undefined }, 'close'), NOW)!
    expect(JSON.parse(line)).toEqual({ v: 1, time: '2026-07-04T12:00:02.010118Z', event: 'close', rule: 'ssh', address: '192.0.2.7', text: 'ssh: 192.0.2.7 closed' })
  })

  it('has our own time where there was no knock, and nothing of what only counts', () => {
    expect(parseRecord(historyLine(event('x', { source: 'kernel', lines: 3 }, 'source-lost'), NOW)!)).toMatchObject({ time: '2026-07-04T12:00:02.000000Z', lines: 3 })
    expect(historyLine(event('x', {}, 'counters'), NOW)).toBeUndefined()
    expect(historyLine(event('x', { of: 'renewed', more: 3 }, 'repeated'), NOW)).toBeUndefined()
    expect(historyLine(event('x', { of: 'scan', more: 3 }, 'repeated'), NOW)).toContain('"of":"scan"')
  })

  it.each(['', '{', 'null', '[]', '{"v":2}', '{"v":1,"time":"x","event":"open","text":""}'])('is not %j', (line) => expect(parseRecord(line)).toBeUndefined())
})

describe('the files', () => {
  it('hold what was written, in order, whatever it was and however often they were put aside', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.string({ unit: 'binary', maxLength: 60 }), { maxLength: 40 }), fc.integer({ min: 1, max: 2000 }), async (texts, bytes) => {
      const stateDir = newFolder()
      expect(await write(stateDir, texts.map((text) => event(text)), { bytes, keep: 100 })).toEqual([])
      expect((await read(stateDir)).map(({ text }) => text)).toEqual(texts)
      rmSync(stateDir, { recursive: true })
    }), { numRuns: 50 })
  })

  it('are no more than so many, the newest', async () => {
    const stateDir = newFolder()
    const texts = Array.from({ length: 20 }, (_, index) => `number ${'x'.repeat(index)}`)
    for (const text of texts) await write(stateDir, [event(text)], { bytes: 300, keep: 2 })
    expect(readdirSync(stateDir).toSorted()).toEqual(['history.jsonl', 'history.jsonl.1', 'history.jsonl.2'])
    const left = (await read(stateDir)).map(({ text }) => text)
    expect(left.length).toBeGreaterThan(2)
    expect(left).toEqual(texts.slice(-left.length))
  })

  it('tell once of a disk that refuses, and how much is missing when it takes lines again', async () => {
    const stateDir = join(folder.path, 'missing')
    const refusals: unknown[] = []
    const history = new History({ stateDir, bytes: 1e6, keep: 1 }, clocks)
    history.begin((why) => refusals.push(why))
    for (let number = 0; number < 3; number++) {
      history.write(event(`lost ${number}`))
      await history.end()
    }
    expect(refusals.length).toBe(1)
    mkdirSync(stateDir)
    history.write(event('kept'))
    await history.end()
    expect(refusals.slice(1)).toEqual([undefined])
    expect((await read(stateDir)).map(({ event: name, text }) => [name, text])).toEqual([['history-lost', '3 lines of the history could not be written'], ['open', 'kept']])
  })

  it('go on after a line that was cut', async () => {
    const stateDir = newFolder()
    writeFileSync(join(stateDir, 'history.jsonl'), '{"v":1,"time":"2026-07-04T12:')
    appendFileSync(join(stateDir, 'history.jsonl'), `\n${historyLine(event('whole'), NOW)}\n`)
    expect((await read(stateDir)).map(({ text }) => text)).toEqual(['whole'])
  })
})

describe('a filter', () => {
  const record = parseRecord(historyLine(event('x', { rule: 'ssh', address: '192.0.2.7', user: 'alice' }), NOW)!)!
  const passes = (wish: HistoryWish): boolean => {
    const filter = readFilter(wish, NOW)
    if ('fault' in filter) throw new Error(filter.fault)
    return filter.value(record)
  }

  it.each<[HistoryWish, boolean]>([
    [{}, true], [{ rule: 'ssh' }, true], [{ rule: 'web' }, false], [{ user: 'alice', event: 'open' }, true], [{ event: 'close' }, false],
    [{ address: '192.0.2.7' }, true], [{ address: '192.0.2.0/24' }, true], [{ address: '2001:db8::/32' }, false],
    [{ since: '1s' }, true], [{ since: '2026-07-04T12:00:02Z' }, true], [{ since: '2026-07-04T14:00:02.001+02:00' }, false], [{ since: '2026-07-05' }, false],
  ])('%j: %s', (wish, expected) => expect(passes(wish)).toBe(expected))

  it.each<HistoryWish>([{ since: 'yesterday' }, { since: '9999999-99-99' }, { address: '1' }])('refuses %j', (wish) => {
    expect(readFilter(wish, NOW)).toHaveProperty('fault')
  })
})

describe('knocktail history', () => {
  it('prints for people and for programs, and says what it left out', async () => {
    const stateDir = newFolder()
    await write(stateDir, [event('ssh: 192.0.2.7 opened \u001b[2J', { rule: 'ssh' }), event('other', { rule: 'web' })], { bytes: 1e6, keep: 1 })
    appendFileSync(join(stateDir, 'history.jsonl'), 'junk\n')
    const people = await run(['history', '--state-dir', stateDir, '--rule', 'ssh'])
    expect(people).toEqual({ code: 0, stdout: '2026-07-04 12:00:02.000Z  open              ssh: 192.0.2.7 opened \\x1b[2J\n', stderr: '1 lines are no records of a history and were left out\n' })
    const { stdout } = await run(['history', '--state-dir', stateDir, '--json'])
    expect(jsonLines(stdout).map(({ text }) => text)).toEqual(['ssh: 192.0.2.7 opened \u001b[2J', 'other'])
  })

  it('says where it looked in vain', async () => {
    expect((await run(['history', '--state-dir', join(folder.path, 'nowhere')])).stderr).toContain('nowhere cannot be read: there is no such folder: has the daemon run yet?')
  })

  it('goes on with -f, each record once, through files put aside', async () => {
    const stateDir = newFolder()
    const texts = Array.from({ length: 60 }, (_, index) => `number ${index}`)
    await write(stateDir, texts.slice(0, 20).map((text) => event(text)), { bytes: 1000, keep: 20 })
    const child = start(['history', '-f', '--json', '--state-dir', stateDir])
    let stdout = ''
    child.stdout!.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    const shown = (): unknown[] => jsonLines(stdout).map(({ text }) => text)
    await eventually(() => expect(shown().length).toBe(20))
    const history = new History({ stateDir, bytes: 1000, keep: 20 }, clocks)
    history.begin(() => {})
    for (const text of texts.slice(20)) {
      history.write(event(text))
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await history.end()
    expect(readFileSync(join(stateDir, 'history.jsonl.4'), 'utf8')).not.toBe('')
    await eventually(() => expect(shown()).toEqual(texts))
    child.kill('SIGINT')
    expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(0)
  })
})
