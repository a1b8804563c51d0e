import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findDialect, MAX_LINE_BYTES, parseLine } from '../parsers/dialects.ts'
import { DEFAULT_CONTEXT } from '../parsers/parser.ts'
import { LineSplitter } from '../src/sources/lines.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Bytes that are still held. */
function heldBytes(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

interface Cut { readonly lines: string[]; readonly unfinished: boolean }

function split(...chunks: (Buffer | string)[]): Cut {
  const lines: string[] = []
  const splitter = new LineSplitter((line) => lines.push(line))
  for (const chunk of chunks) splitter.push(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk)
  return { unfinished: splitter.end(), lines }
}

/** The bytes cut at those places. */
function chunksOf(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end))
}

describe('any way of cutting bytes into chunks gives the same lines', () => {
  const short = fc.string({ unit: fc.constantFrom('a', '\n', '\r', '\u0000', '\u00ff', '\u00c3\u00a9', '\n\n', '\r\n'), maxLength: 40 })
  const long = fc.array(fc.oneof(
    fc.integer({ min: MAX_LINE_BYTES - 3, max: MAX_LINE_BYTES + 4 }).map((length) => 'x'.repeat(length)), fc.constantFrom('\n', '\r', '\r\n', 'y', '\r\r\n'),
  ), { maxLength: 8 }).map((parts) => parts.join(''))
  const cuts = fc.array(fc.nat(30_000), { maxLength: 8 })

  it.each([['short lines', short, 500], ['lines as long as they may be', long, 300]] as const)('%s', (_what, texts, numRuns) => {
    fc.assert(fc.property(texts, cuts, (text, places) => {
      const bytes = Buffer.from(text, 'latin1')
      expect(split(...chunksOf(bytes, places))).toEqual(split(bytes))
    }), { numRuns })
  })

  it('byte by byte', () => {
    const text = 'one\r\ntwo\n\n\r\nthr\u00c3\u00a9e\u0000\nfour'
    expect(split(...Array.from(text))).toEqual({ lines: ['one', 'two', '', '', 'thr\u00c3\u00a9e\u0000', 'four'], unfinished: true })
  })
})

describe('line ends', () => {
  it.each([
    ['', [], false], ['\n', [''], false], ['a', ['a'], true], ['a\n', ['a'], false], ['a\r\n', ['a'], false], ['a\r', ['a'], true], ['a\r\r\n', ['a\r'], false],
    ['a\rb\n', ['a\rb'], false], ['a\n\nb\n', ['a', '', 'b'], false], ['a\n\r', ['a', ''], true],
  ])('%j', (text, lines, unfinished) => {
    expect(split(text)).toEqual({ lines, unfinished })
  })

  it('has one character a byte', () => {
    expect(split(Buffer.from([0xff, 0x80, 0x00, 0x0a])).lines).toEqual(['\u00ff\u0080\u0000'])
  })
})

describe('lines that are too long', () => {
  const kernel = findDialect('kernel')!
  const isTooLong = (line: string): boolean => parseLine(kernel, line, DEFAULT_CONTEXT) === 'too-long'
  const line = (length: number): string => 'x'.repeat(length)

  it.each([
    [line(MAX_LINE_BYTES), false], [`${line(MAX_LINE_BYTES)}\r`, false], [line(MAX_LINE_BYTES + 1), true], [`${line(MAX_LINE_BYTES + 1)}\r`, true],
    // What is kept of a longer line must not become one of the right length.
    [`${line(MAX_LINE_BYTES)}\rx`, true], [`${line(MAX_LINE_BYTES)}\r\r`, true], [`${line(MAX_LINE_BYTES - 1)}\r\r\r\r`, true], [`${line(MAX_LINE_BYTES)}\r${line(MAX_LINE_BYTES)}`, true],
  ])('are told by their length, whatever is at their end (%#)', (text, tooLong) => {
    for (const { lines } of [split(`${text}\nnext\n`), split(...text, '\n', 'next\n'), split(text.slice(0, 8000), `${text.slice(8000)}\nnext\n`)]) {
      expect(lines.map((shown) => isTooLong(shown))).toEqual([tooLong, false])
      expect(lines[1]).toBe('next')
    }
  })

  it('are handed on cut', () => {
    const { lines } = split(`${line(100_000)}\n`)
    expect(lines[0]!.length).toBeLessThan(MAX_LINE_BYTES + 10)
  })

  it('hold no memory: 100 MB without a newline', () => {
    const chunk = Buffer.alloc(1 << 18, 'x')
    const lengths: number[] = []
    const splitter = new LineSplitter((text) => lengths.push(text.length))
    splitter.push(chunk)
    const before = heldBytes()
    for (let count = 0; count < 400; count++) splitter.push(chunk)
    expect(heldBytes() - before).toBeLessThan(5e6)
    splitter.push(Buffer.from('\nnext\n'))
    expect(lengths).toHaveLength(2)
    expect(lengths[0]).toBeLessThan(MAX_LINE_BYTES + 10)
    expect(lengths[1]).toBe(4)
  })
})
