import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findDialect, MAX_LINE_BYTES } from '../parsers/dialects.ts'
import type { Micros } from '../parsers/time.ts'
import { UTC } from '../parsers/zone.ts'
import { KnocktailError } from '../src/error.ts'
import { happeningRecord, type Happening } from '../src/happening.ts'
import { jsonLine } from '../src/json-line.ts'
import { Replay } from '../src/replay.ts'
import { gunzipped } from '../src/sources/gunzip.ts'
import { LineSplitter } from '../src/sources/lines.ts'
import type { LogFile } from '../src/sources/log-file.ts'
import { openLogReader } from '../src/sources/log-reader.ts'
import { mergeByTime } from '../src/sources/merge.ts'
import { config } from './support/config.ts'
import { kernelLine, type LoggedPacket } from './support/log-lines.ts'

/** How bytes happen to be cut on their way here decides nothing. */

const RULES = `[knocktail]
firewall = null
[ssh]
sequence = 7000, 8000, 9000
ports = 22/tcp
open_for = 3s
reorder = 500ms
[web]
sequence = 9000, 7000
ports = 80/tcp
open_for = 1s
reorder = 0
`

/** What cannot be compressed makes the gzip data long enough for several steps. */
const randomLine = Buffer.from(`${Array.from({ length: 3000 }, (_, index) => ((index * 2_654_435_761) >>> 0).toString(36)).join('')}\n`)

async function* chunksOf(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
  for (const [index, place] of places.slice(1).entries()) if (place > places[index]!) yield bytes.subarray(places[index], place)
}

function logFile(path: string, bytes: Buffer, cuts: readonly number[]): LogFile {
  const none = async function* (): AsyncGenerator<Buffer> {}
  const chunks = async function* (): AsyncGenerator<Buffer> {
    try {
      yield* gunzipped(chunksOf(bytes, cuts))
    } catch (error) {
      throw new KnocktailError('unreadable', String(error))
    }
  }
  return { path, title: path, bytes: bytes.length, written: 0 as Micros, chunks, tail: none }
}

interface Outcome {
  readonly happenings: readonly string[]
  readonly reports: readonly unknown[]
}

async function replayed(logs: readonly { bytes: Buffer; cuts: readonly number[] }[]): Promise<Outcome> {
  const files = logs.map(({ bytes, cuts }, index) => logFile(`log${index}`, bytes, cuts))
  const readers = await Promise.all(files.map((file) => openLogReader(file, { parser: findDialect('kernel'), zone: UTC, year: undefined, spans: undefined })))
  const replay = new Replay(config(RULES))
  const happenings: Happening[] = []
  for await (const events of mergeByTime(readers)) for (const event of events) happenings.push(...replay.read(event))
  happenings.push(...replay.finish())
  return {
    happenings: happenings.map((happening) => jsonLine(happeningRecord(happening))),
    reports: readers.map(({ report: { reasons, problem, ...rest } }) => ({ ...rest, reasons: [...reasons], problem: problem?.message })),
  }
}

const packet = fc.record({
  gap: fc.integer({ min: 1, max: 900 }),
  port: fc.constantFrom(7000, 7000, 8000, 8000, 9000, 9000, 22, 443),
  src: fc.constantFrom('192.0.2.2', '192.0.2.2', '2001:db8::7'),
  sport: fc.constantFrom(undefined, undefined, undefined, 4001, 4002),
})

/** Packets with distinct, growing stamps. */
const packets = fc.array(packet, { minLength: 4, maxLength: 24 }).map((parts): LoggedPacket[] => {
  let at = 0
  return parts.map(({ gap, sport, ...rest }) => ({ ...rest, at: (at += gap), ...(sport !== undefined && { sport }) }))
})

const whole = packets.map((knocks) => knocks.map(kernelLine))
const junk = fc.oneof(
  fc.constantFrom('', '\r', 'nonsense', '\u0000\u00ff\u00c0', 'Nov 20 10:00:00 gate sshd[1]: hello'),
  // Around the longest line that is read, with and without a carriage return where it is cut.
  fc.tuple(fc.integer({ min: MAX_LINE_BYTES - 2, max: MAX_LINE_BYTES + 4 }), fc.constantFrom('', '\r', '\rx', '\r\rx'))
    .map(([length, end]) => kernelLine({ at: 0, port: 7000, src: '192.0.2.9' }).padEnd(length, ' ') + end),
)
const lines = fc.tuple(whole, fc.array(fc.tuple(junk, fc.nat(30)))).map(([good, bad]) => {
  const all = [...good]
  for (const [text, place] of bad) all.splice(place % (all.length + 1), 0, text)
  return all
})
const ends = fc.constantFrom('\n', '\r\n', '')
const text = fc.tuple(lines, ends).map(([all, end]) => Buffer.from(all.join(end || '\n') + end, 'latin1'))
const cuts = fc.array(fc.nat(40_000), { maxLength: 40 })

describe('one log', () => {
  it('cut anywhere gives the same happenings and the same counts', async () => {
    await fc.assert(fc.asyncProperty(text, cuts, async (bytes, places) => {
      expect(await replayed([{ bytes, cuts: places }])).toEqual(await replayed([{ bytes, cuts: [] }]))
    }), { numRuns: 300 })
  })

  it('cut after every byte too', async () => {
    await fc.assert(fc.asyncProperty(text, async (bytes) => {
      const everywhere = Array.from({ length: bytes.length }, (_, index) => index)
      expect(await replayed([{ bytes, cuts: everywhere }])).toEqual(await replayed([{ bytes, cuts: [] }]))
    }), { numRuns: 15 })
  })

  it('compressed, also when it is damaged or cut short', async () => {
    const shares = fc.double({ min: 0.3, max: 1, noNaN: true })
    await fc.assert(fc.asyncProperty(text, cuts, shares, fc.option(shares), async (bytes, places, share, damage) => {
      const zipped = gzipSync(Buffer.concat([randomLine, bytes]))
      if (damage !== null) zipped.fill(0xff, Math.floor(zipped.length * damage))
      const part = zipped.subarray(0, Math.floor(zipped.length * share))
      expect(await settled(part, places)).toEqual(await settled(part, []))
      if (share === 1 && damage === null) expect((await replayed([{ bytes: zipped, cuts: places }])).happenings).toEqual((await replayed([{ bytes, cuts: [] }])).happenings)
    }), { numRuns: 150, examples: [[Buffer.from(`${kernelLine({ at: 0, port: 7000 })}\n`), [3, 1], 1, null]] })

    async function settled(bytes: Buffer, places: readonly number[]): Promise<Outcome | string> {
      // Where nothing at all came out, the log is refused as a whole.
      return replayed([{ bytes, cuts: places }]).catch(String)
    }
  })

  it('does open something: these histories are no waste', async () => {
    const seen = await Promise.all(fc.sample(text, { numRuns: 60, seed: 7 }).map(async (bytes) => (await replayed([{ bytes, cuts: [] }])).happenings.join()))
    for (const event of ['open', 'extend', 'close', 'failure', 'timeout']) expect(seen.join()).toContain(`"event":"${event}"`)
  })
})

describe('one log in two', () => {
  it('line by line in turn, merged by time, opens the same', async () => {
    await fc.assert(fc.asyncProperty(whole, cuts, async (all, places) => {
      const half = (rest: number): Buffer => Buffer.from(`${all.filter((_, index) => index % 2 === rest).join('\n')}\n`)
      const two = await replayed([{ bytes: half(0), cuts: places }, { bytes: half(1), cuts: [] }])
      const one = await replayed([{ bytes: Buffer.from(`${all.join('\n')}\n`), cuts: [] }])
      expect(two.happenings).toEqual(one.happenings)
    }), { numRuns: 400 })
  })
})

describe('lines', () => {
  it('are the same however the bytes are cut, and as long as they may be', () => {
    const length = fc.oneof(fc.nat(5), fc.integer({ min: MAX_LINE_BYTES - 2, max: MAX_LINE_BYTES + 5 }), fc.nat(30_000))
    const content = fc.array(fc.tuple(length, fc.constantFrom('', '\r', '\rz')), { maxLength: 6 })
    fc.assert(fc.property(content, cuts, (parts, places) => {
      const texts = parts.map(([size, end]) => 'y'.repeat(size) + end)
      const read: string[] = []
      const splitter = new LineSplitter((line) => read.push(line))
      const bytes = Buffer.from(texts.map((line) => `${line}\n`).join(''))
      const ordered = [0, ...places.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
      for (const [index, place] of ordered.slice(1).entries()) splitter.push(bytes.subarray(ordered[index], place))
      expect(splitter.end()).toBe(false)
      const expected = texts.map((line) => line.replace(/\r$/, ''))
      expect(read.length).toBe(expected.length)
      for (const [index, line] of expected.entries()) {
        if (line.length <= MAX_LINE_BYTES) expect(read[index]).toBe(line)
        else expect(read[index]!.length).toBe(MAX_LINE_BYTES + 1 + Number(line.length > MAX_LINE_BYTES + 1 && line[MAX_LINE_BYTES + 1] !== '\r'))
      }
    }))
  })
})
