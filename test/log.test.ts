import { readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Micros } from '../parsers/time.ts'
import type { LogEvent } from '../src/log/event.ts'
import { openLog } from '../src/log/log.ts'
import { Summary } from '../src/log/summary.ts'
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
