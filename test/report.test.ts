import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Digesting, type ReportRecord } from '../src/report/digest.ts'
import { html } from '../src/report/html.ts'
import { reportPage } from '../src/report/page.ts'
import { run, useFolder } from './support/run.ts'

const folder = useFolder()
const at = (second: number): string => new Date(Date.UTC(2026, 6, 4, 12, 0, second)).toISOString().replace('Z', '000Z')

function digest(...records: readonly Partial<ReportRecord>[]): ReturnType<Digesting['finish']> {
  const digesting = new Digesting()
  for (const [second, record] of records.entries()) digesting.read({ time: at(second), event: 'x', rule: 'ssh', address: '192.0.2.2', ...record })
  return digesting.finish()
}

describe('a page', () => {
  it('escapes whatever stands in it, and shows no control or bidi character', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
      const { text: page } = html`<a title="${text}">${text}</a>`
      const [, attribute, inner] = /^<a title="([^"<>']*)">([^"<>']*)<\/a>$/.exec(page) ?? expect.fail(page)
      expect(attribute).toBe(inner)
      // oxlint-disable-next-line no-control-regex
      expect(page).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)
    }))
  })

  it('is whole also where nothing happened', () => {
    expect(reportPage(undefined, 'nobody <b>')).toMatch(/^<!doctype html>[^]*nobody &lt;b&gt;[^]*Nothing has happened\.[^]*<\/html>\n$/)
  })
})

describe('what happened', () => {
  it('is who came in, from when to when', () => {
    const { visits } = digest({ event: 'open', until: at(30) }, { event: 'extend', until: at(31) }, { event: 'open', user: 'alice', until: at(60) }, { event: 'close' })!
    expect(visits).toMatchObject([{ user: undefined, extensions: 1, until: Date.parse(at(3)) * 1000 }, { user: 'alice', extensions: 0, until: undefined }])
  })

  it('is at which step attempts ended, scans, refusals and troubles', () => {
    const found = digest(
      { event: 'failure', step: 2, text: 'ssh: 192.0.2.2 failed at step 2' }, { event: 'timeout', step: 2 }, { event: 'failure', step: 3 }, { event: 'scanner', rule: undefined },
      { event: 'lockout' }, { event: 'source-lost', text: '7 lines' }, { event: 'started' })!
    expect([...found.nearMisses.get('ssh')!]).toEqual([[2, 2], [3, 1]])
    expect(found.marks.map(({ kind }) => kind)).toEqual(['failure', 'timeout', 'failure', 'scan', 'refused'])
    expect(found.marks[0]!.text).toBe('failed at step 2')
    expect(found.troubles.map(({ text }) => text)).toEqual(['7 lines'])
  })

  it('is bounded, and says how much was left out', () => {
    const digesting = new Digesting()
    for (let count = 0; count < 6000; count++) digesting.read({ time: at(count % 60), event: 'failure', rule: 'ssh', address: `10.0.${count >> 8}.${count & 255}`, step: 1 })
    const found = digesting.finish()!
    expect([found.marks.length, found.leftOut]).toEqual([5000, 1000])
    expect(found.nearMisses.get('ssh')!.get(1)).toBe(6000)
    const page = reportPage(found, 'a flood')
    expect(page.length).toBeLessThan(1_000_000)
    expect(page).toContain('1000 more events are not on this page.')
  })
})

describe('the command', () => {
  it('writes the page of a replay beside what it prints', async () => {
    const path = join(folder.path, 'replay.html')
    const { stdout, code } = await run(['replay', '-c', 'samples/replay/knocktail.conf', 'samples/replay/kern.log', 'samples/replay/access.log', '--report', path])
    expect(code).toBe(0)
    expect(stdout).toContain('opened 22/tcp for 30s')
    const page = readFileSync(path, 'utf8')
    expect(page).toContain('<b>6</b>opened')
    expect(page).toContain('it came too late to be a swapped one')
  })

  it('writes the page of a history, or a part of it', async () => {
    folder.write('history.jsonl', ['192.0.2.2', '192.0.2.3'].map((address, second) => `${JSON.stringify({ v: 1, time: at(second), event: 'open', rule: 'ssh', address, until: at(30), text: 'opened' })}\n`).join(''))
    const { stdout } = await run(['report', '--state-dir', folder.path, '--address', '192.0.2.3'])
    expect(stdout).toContain('192.0.2.3')
    expect(stdout).not.toContain('192.0.2.2')
    const { code, stderr } = await run(['report', '--state-dir', folder.path, '-o', join(folder.path, 'none', 'x.html')])
    expect([code, stderr]).toEqual([1, expect.stringContaining('cannot be written')])
  })
})
