import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Micros } from '../parsers/time.ts'
import type { LogEvent } from '../src/log/event.ts'
import { openLog } from '../src/log/log.ts'
import { Summary } from '../src/log/summary.ts'
import { eventually } from './support/eventually.ts'
import { jsonLines, useFolder } from './support/run.ts'

const folder = useFolder()
const event = (name: string, number = 0): LogEvent => ({ level: 'info', event: name, text: `the ${number}th`, facts: { number } })

describe('a summary', () => {
  function summary(): { written: LogEvent[]; clock: { now: number }; log: Summary } {
    const written: LogEvent[] = []
    const clock = { now: 0 }
    return { written, clock, log: new Summary((one) => written.push(one), { boot: () => clock.now as Micros }) }
  }

  it('tells the first ten of a name, and then how many more there were', () => {
    const { written, clock, log } = summary()
    for (let number = 1; number <= 10_000; number++) log.write(event('scan', number))
    log.write(event('open'))
    expect(written.map((one) => one.event)).toEqual([...Array<string>(10).fill('scan'), 'open'])
    clock.now = 9_999_999
    log.flush()
    expect(written.length).toBe(11)
    clock.now = 10_000_000
    log.flush()
    expect(written.slice(11)).toEqual([{ level: 'info', event: 'repeated', text: '9990 more of scan, the last: the 10000th', facts: { of: 'scan', more: 9990 } }])
  })

  it('begins anew after ten seconds', () => {
    const { written, clock, log } = summary()
    for (let number = 1; number <= 10; number++) log.write(event('scan', number))
    clock.now = 10_000_000
    log.flush()
    log.write(event('scan', 11))
    expect(written.length).toBe(11)
  })

  it('tells at the end what it held back', () => {
    const { written, log } = summary()
    for (let number = 1; number <= 12; number++) log.write(event('scan', number))
    log.end()
    expect(written.at(-1)?.facts).toEqual({ of: 'scan', more: 2 })
  })
})

describe('a log file', () => {
  const records = (path: string): Record<string, unknown>[] => jsonLines(readFileSync(path, 'utf8'))

  it('has a JSON object a line, with what strangers wrote made harmless', () => {
    const path = join(folder.path, 'a.log')
    const log = openLog(path)
    log.write({ level: 'warn', event: 'source-note', text: 'x\u001b[2J\n\u009by', facts: { source: '\u202ex\u0007', number: 3, absent: undefined } })
    log.end()
    const text = readFileSync(path, 'utf8')
    // oxlint-disable-next-line no-control-regex
    expect(text.trimEnd()).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/)
    const [record] = records(path)
    expect(record).toMatchObject({ level: 40, event: 'source-note', text: String.raw`x\x1b[2J\x0a\x9by`, source: String.raw`\u202ex\x07`, number: 3 })
    expect(record).not.toHaveProperty('absent')
  })

  it('is opened anew after a rotation, and goes on where it was if that fails', () => {
    const path = join(folder.path, 'b.log')
    const log = openLog(path)
    log.write(event('one'))
    renameSync(path, `${path}.1`)
    log.write(event('two'))
    log.reopen()
    log.write(event('three'))
    log.end()
    expect([records(`${path}.1`), records(path)].map((lines) => lines.map((line) => line['event']))).toEqual([['one', 'two'], ['three']])
  })

  it('that cannot be opened is said', () => {
    expect(() => openLog(join(folder.path, 'none', 'c.log'))).toThrow('cannot be opened: no such file or directory')
    rmSync(join(folder.path, 'a.log'))
  })
})

describe('standard output that nobody reads', () => {
  const LOG = fileURLToPath(new URL('../dist/src/log/log.js', import.meta.url))

  it('holds nobody up: a megabyte is kept until it is read, and what was too much is counted', async () => {
    const count = 3000
    const script = `import { openLog } from ${JSON.stringify(LOG)}
const log = openLog(undefined)
for (let number = 1; number <= ${count}; number++) log.write({ level: 'info', event: 'event-' + number, text: 'x'.repeat(1000), facts: { number } })
process.stderr.write('written')
process.stdin.resume()`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'pipe' })
    await once(child.stderr, 'data')
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    await eventually(() => expect(text).toContain('log-dropped'), 15_000)
    child.stdin.end()
    await once(child, 'close')
    const records = jsonLines(text)
    const dropped = records.at(-1)!
    expect(records.slice(0, -1).map(({ number }) => number)).toEqual(Array.from({ length: count - Number(dropped['count']) }, (_, index) => index + 1))
    expect(text.length).toBeGreaterThan(1e6)
    expect(dropped).toMatchObject({ level: 40, event: 'log-dropped', text: expect.stringContaining('lines are missing here') })
  }, 30_000)
})
