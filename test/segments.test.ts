import { closeSync, openSync, readFileSync, truncateSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAddress } from '../parsers/address.ts'
import { DIALECTS, findDialect, MAX_LINE_BYTES, parseLine } from '../parsers/dialects.ts'
import type { Packet, Port, Request, TcpFlags } from '../parsers/event.ts'
import { parseNetwork } from '../parsers/network.ts'
import { DEFAULT_CONTEXT, type Outcome, type ParseContext } from '../parsers/parser.ts'
import { REASONS, type Reason } from '../parsers/reason.ts'
import type { Micros, Stamp } from '../parsers/time.ts'
import { parseZone } from '../parsers/zone.ts'
import { ByteSplitter } from '../src/sources/lines.ts'
import { openLogFile } from '../src/sources/log-file.ts'
import type { LogLine } from '../src/sources/log-lines.ts'
import { openLogReader, type LogReader, type ReadOptions } from '../src/sources/log-reader.ts'
import { mergeByTime } from '../src/sources/merge.ts'
import { memoryOf, newColumns } from '../src/sources/segments/columns.ts'
import { RowReader } from '../src/sources/segments/row-reader.ts'
import { RowWriter } from '../src/sources/segments/row-writer.ts'
import { bufferBytes, readSegment } from '../src/sources/segments/segment.ts'
import { Threads } from '../src/sources/segments/threads.ts'
import { kernelLine, webLine } from './support/log-lines.ts'
import { jsonLines, run, useFolder } from './support/run.ts'
import { logLines, SAMPLES } from './support/samples.ts'

/** A big file is read by several threads, and nobody can tell. */

const folder = useFolder()
const WORKER = new URL('../dist/src/sources/segments/worker.js', import.meta.url)
const linesOf = (dialect: string): string[] => SAMPLES.filter((sample) => sample.dialect === dialect).flatMap(logLines)

const junk = fc.oneof(
  fc.constantFrom('', '', '\r', 'nonsense', '\u0000\u00ff\u00c0', 'Nov 20 10:00:00 gate sshd[1]: hello'),
  // Around the longest line that is read, with and without a carriage return where it is cut; and much longer ones.
  fc.tuple(fc.integer({ min: MAX_LINE_BYTES - 2, max: MAX_LINE_BYTES + 4 }), fc.constantFrom('', '\r', '\rx', '\r\rx')).map(([length, end]) => 'y'.repeat(length) + end),
  fc.nat(20_000).map((length) => 'z'.repeat(length)),
)

/** Lines of a dialect, and others. */
function logOf(dialect: string): fc.Arbitrary<Buffer> {
  const line = fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...linesOf(dialect)) }, { weight: 1, arbitrary: junk })
  return fc.tuple(fc.array(line, { minLength: 1, maxLength: 60 }), fc.constantFrom('\n', '\r\n'), fc.boolean())
    .map(([lines, end, isFinished]) => Buffer.from(lines.join(end) + (isFinished ? end : ''), 'latin1'))
}

describe('segments of a file', () => {
  const length = fc.oneof(fc.nat(5), fc.nat(300), fc.integer({ min: MAX_LINE_BYTES - 2, max: MAX_LINE_BYTES + 5 }), fc.nat(30_000))
  const text = fc.tuple(fc.array(fc.tuple(length, fc.constantFrom('', '\r')), { maxLength: 8 }), fc.boolean())
    .map(([parts, isFinished]) => parts.map(([size, end], index) => String(index).repeat(size).slice(0, size) + end).join('\n') + (isFinished ? '\n' : ''))
  const size = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 20_000 }))

  it('hold the lines of the file, each once', () => {
    fc.assert(fc.property(text, size, (content, segmentBytes) => {
      const path = folder.write('segmented', content)
      const whole: string[] = []
      const splitter = new ByteSplitter((bytes, start, end) => whole.push(bytes.toString('latin1', start, end)))
      splitter.push(Buffer.from(content))
      const unfinished = splitter.end()
      expect(segmented(path, segmentBytes)).toEqual({ lines: whole, unfinished })
    }), { numRuns: 300, examples: [['', 1], ['a', 1], ['a\n', 1], ['a\n', 2], ['\n\n', 1], ['a\nb', 2], ['a\n\n', 2]] })
  })

  function segmented(path: string, segmentBytes: number): { lines: string[]; unfinished: boolean } {
    const fd = openSync(path, 'r')
    const buffer = Buffer.alloc(bufferBytes(segmentBytes))
    const lines: string[] = []
    const splitter = new ByteSplitter((bytes, start, end) => lines.push(bytes.toString('latin1', start, end)))
    for (let at = 0; ; at += segmentBytes) {
      const { start, end, isLast, unfinished } = readSegment(fd, at, segmentBytes, buffer)
      splitter.push(buffer.subarray(start, end))
      if (!isLast) continue
      closeSync(fd)
      return { lines, unfinished }
    }
  }
})

describe('rows say what was put into them', () => {
  const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined })
  const address = fc.oneof(fc.ipV4(), fc.ipV6()).map((text) => parseAddress(text)!)
  const micros = fc.oneof(fc.maxSafeInteger(), fc.double({ noDefaultInfinity: true })).map((at) => at as Micros)
  const resolution = fc.constantFrom(1, 1000, 1_000_000).map((value) => value as Micros)
  const stamp: fc.Arbitrary<Stamp> = fc.oneof(
    fc.record({ kind: fc.constantFrom('epoch' as const, 'uptime' as const, 'since-first' as const, 'since-previous' as const), at: micros, resolution }),
    fc.record({ kind: fc.constant('local' as const), resolution, at: fc.record({ year: maybe(fc.constantFrom(2026, 2027)), month: maybe(fc.nat(12)), day: maybe(fc.nat(2)), sinceMidnight: micros }) }),
    fc.record({ kind: fc.constant('recorded' as const), at: micros, monotonic: micros, uptime: micros, resolution }),
    fc.constant({ kind: 'none' as const }),
  )
  // Numbers beyond what columns hold, too: who calls need not know.
  const number = fc.oneof(fc.nat(65_535), fc.maxSafeNat(), fc.double({ min: 0, max: 70_000, noNaN: true }))
  const port = maybe(number.map((value) => value as Port))
  const word = maybe(fc.constantFrom('eth0', 'em0', ''))
  const packet: fc.Arbitrary<Packet> = fc.record({
    kind: fc.constant('packet' as const), proto: fc.constantFrom('tcp' as const, 'udp' as const, 'ip-50' as const), src: address, dst: address, sport: port, dport: port,
    flags: maybe(fc.constantFrom(0, 2, 18).map((flags) => flags as TcpFlags)), seq: maybe(number), ipId: maybe(number), iface: word, dir: maybe(fc.constantFrom('in' as const, 'out' as const)), action: word,
  })
  const request: fc.Arbitrary<Request> = fc.record({
    kind: fc.constant('request' as const), proto: fc.constantFrom('http' as const, 'gemini' as const), src: address, method: fc.constantFrom('GET', 'POST'), path: fc.string({ unit: 'grapheme' }), status: maybe(number),
  })
  const reason = fc.constantFrom(...(Object.keys(REASONS) as Reason[]))
  const outcome: fc.Arbitrary<Outcome> = fc.oneof(
    fc.record({ stamp, fields: fc.oneof(packet, request), forwardedFor: maybe(fc.string()) }), reason, fc.record({ stamp, reason }),
  )

  it('whatever it was', () => {
    fc.assert(fc.property(fc.array(outcome, { maxLength: 100 }), (outcomes) => {
      expect(carried(outcomes)).toEqual(outcomes)
    }), { numRuns: 300 })
  })

  it.each(DIALECTS.map(({ name }) => name))('%s', (name) => {
    const outcomes = linesOf(name).map((line) => parseLine(findDialect(name)!, line, DEFAULT_CONTEXT))
    expect(carried(outcomes)).toEqual(outcomes)
  })

  /** The way from one thread to another. */
  function carried(outcomes: readonly Outcome[]): Outcome[] {
    const writer = new RowWriter(memoryOf(newColumns(4)))
    for (const [index, one] of outcomes.entries()) writer.add(index, one, 0, 0)
    const { columns, ...rest } = writer.finish()
    const reader = new RowReader({ columns, ...structuredClone(rest) })
    // Each is good until the next is asked for.
    return outcomes.map((_, row) => structuredClone(reader.outcome(row)))
  }
})

describe('a log that threads read', () => {
  const threads = [300, 2000, 9000].map((segmentBytes, index) => new Threads({ count: 2, fromBytes: 0, segmentBytes, patienceMs: index % 2 === 0 ? 0 : 1000, entry: WORKER }))
  const PLAIN: ReadOptions = { parser: undefined, zone: parseZone('Europe/Berlin')!, year: undefined, spans: undefined, proxies: [parseNetwork('192.0.2.0/24')!] }
  const how = fc.record({
    isDetected: fc.boolean(), year: fc.constantFrom(undefined, 2024), spans: fc.constantFrom<ParseContext['spans'] | undefined>(undefined, 'since-first', 'since-previous'),
    zone: fc.constantFrom('UTC', 'Europe/Berlin', '+05:30').map((name) => parseZone(name)!),
  })

  it.each(DIALECTS.map(({ name }) => name))('gives the same lines and counts: %s', async (name) => {
    await fc.assert(fc.asyncProperty(logOf(name), fc.constantFrom(...threads), how, async (bytes, some, { isDetected, ...options }) => {
      const path = folder.write(name, bytes)
      const read = { ...PLAIN, ...options, parser: isDetected ? undefined : findDialect(name) }
      expect(await readBy({ ...read, threads: some }, path)).toEqual(await readBy(read, path))
    }), { numRuns: 25 })
  })

  it.each([0, 1000])('beside another that the same threads read, with the events of both in the order of their times (patience: %i ms)', async (patienceMs) => {
    const both = new Threads({ count: 2, fromBytes: 0, segmentBytes: 500, patienceMs, entry: WORKER })
    const line = (log: number) => (_: unknown, index: number): string => `${kernelLine({ at: index * 3000 + log * 1000 * (index % 7), port: 7000 + index })}\n`
    const paths = [1, 2].map((log) => folder.write(`beside-${log}`, Array.from({ length: 300 }, line(log)).join('')))
    const merged = async (options: ReadOptions): Promise<unknown[]> => {
      const readers = await Promise.all(paths.map(async (path) => openLogReader(await openLogFile(path), options)))
      const events: unknown[] = []
      for await (const some of mergeByTime(readers)) for (const event of some) events.push(structuredClone(event))
      return events
    }
    const plain = await merged(PLAIN)
    expect(plain).toHaveLength(600)
    expect(await merged({ ...PLAIN, threads: both })).toEqual(plain)
  })

  it('and leaves the lines of a parser of somebody else to one', async () => {
    const path = folder.write('own', kernelLine({ at: 0, port: 7000 }))
    const counted = { calls: 0 }
    const message = (): Outcome => (counted.calls++, 'arp')
    const parser = { ...findDialect('kernel')!, message, quick: undefined }
    await readBy({ ...PLAIN, parser, threads: threads[0]! }, path)
    expect(counted.calls).toBeGreaterThan(0)
  })

  it('is read up to where it ends, if it is cut short meanwhile', async () => {
    const lines = Array.from({ length: 5000 }, (_, index) => kernelLine({ at: index, port: 7000 }))
    const path = folder.write('cut', `${lines.join('\n')}\n`)
    const reader = await openLogReader(await openLogFile(path), { ...PLAIN, threads: threads[2]! })
    const numbers: number[] = []
    for await (const batch of reader.batches()) {
      for (const { number } of batch) numbers.push(number)
      truncateSync(path, 100_000)
    }
    expect(numbers).toEqual(numbers.map((_, index) => index + 1))
    expect(numbers.length).toBeGreaterThan(300)
    expect(numbers.length).toBeLessThan(1000)
    expect(reader.report).toMatchObject({ lines: numbers.length, problem: undefined })
  })

  it.each([
    ['cannot be started', 'throw new Error("no such thing")', 'no such thing'],
    ['ends', 'process.exit(3)', 'code 3'],
    ['ends amid its work', 'import { parentPort } from "node:worker_threads"; parentPort.on("message", () => process.exit(4))', 'code 4'],
  ])('by a thread that %s ends with that', async (_how, code, why) => {
    const some = new Threads({ count: 2, fromBytes: 0, segmentBytes: 500, patienceMs: 1000, entry: new URL(`data:text/javascript,${encodeURIComponent(code)}`) })
    const path = folder.write('dying', Array.from({ length: 50 }, (_, at) => `${kernelLine({ at, port: 7000 })}\n`).join(''))
    const { lines, report } = await readBy({ ...PLAIN, threads: some }, path)
    expect(lines).toEqual([])
    expect(report.problem?.message).toContain(why)
  })

  it('but cannot read tells why', async () => {
    const file = await openLogFile(folder.write('closed', kernelLine({ at: 0, port: 7000 })))
    const reader = await openLogReader({ ...file, parts: { ...file.parts!, open: () => openSync('/proc/self/mem', 'r') } }, { ...PLAIN, threads: threads[2]! }).catch(String)
    expect(reader).toContain('cannot be read: i/o error')
  })

  async function readBy(options: ReadOptions, path: string): Promise<{ lines: LogLine[]; report: LogReader['report'] }> {
    const reader = await openLogReader(await openLogFile(path), options).catch(() => undefined)
    const lines: LogLine[] = []
    if (!reader) return { lines, report: undefined as never }
    for await (const batch of reader.batches()) for (const line of batch) lines.push(structuredClone(line))
    return { lines, report: reader.report }
  }
})

describe('a big log on the command line', () => {
  const many = (line: (index: number) => string): string => folder.write('big', Array.from({ length: 80_000 }, (_, index) => `${line(index)}\n`).join(''))
  const config = folder.write('big.conf', '[knocktail]\nfirewall = null\n[ssh]\nsequence = 7000, 8000, 9000\nports = 22/tcp\nopen_for = 3s\n[web]\nsequence = GET /a, GET /b\nports = 80/tcp\nopen_for = 3s\n')
  const source = (index: number): string => `10.0.${index % 7}.${index % 251}`
  const kernel = (index: number): string => (index % 50 === 0 ? 'something else' : kernelLine({ at: index, port: [7000, 8000, 9000, 22][index % 4]!, src: index % 3 === 0 ? '192.0.2.9' : source(index) }))
  const web = (index: number): string => webLine(index * 10, `/${'abc'[index % 3]}${index % 100 === 0 ? '\\xff' : ''}`, { src: source(Math.floor(index / 3)), agent: 'x'.repeat(150) })

  it.each([['replay', 'kernel', kernel], ['replay', 'clf', web], ['parse', 'kernel', kernel], ['parse --unmatched', 'clf', web]])('%s of %s prints what it prints of a pipe', async (command, parser, line) => {
    const path = many(line)
    const args = [...command.split(' '), '--json', '--parser', parser, ...(command === 'replay' ? ['-c', config] : [])]
    const [byThreads, piped] = [await run([...args, path]), await run([...args, '-'], { stdin: readFileSync(path) })]
    expect(byThreads.stdout === piped.stdout, 'the same').toBe(true)
    expect(jsonLines(byThreads.stdout).length).toBeGreaterThan(100)
    expect(byThreads.stderr.replaceAll(path, 'standard input')).toBe(piped.stderr)
  })
})
