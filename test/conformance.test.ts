import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAddress } from '../parsers/address.ts'
import { DIALECTS, MAX_LINE_BYTES, parseLine } from '../parsers/dialects.ts'
import type { Fields } from '../parsers/event.ts'
import { DEFAULT_CONTEXT, isParsed } from '../parsers/parser.ts'
import { ends, fieldsOf, flagsText, linesOf, type EventLine } from './support/event-lines.ts'
import { reasonOf } from './support/packet-outcome.ts'
import { SPELLINGS } from './support/spellings.ts'

/** What every dialect promises, whoever wrote its parser, on every line of its samples that shows an event. */
const CASES = DIALECTS.map((dialect) => [dialect.name, { dialect, ...linesOf(dialect.name) }] as const)

/** What a cut line may show that the whole line does not, and why its format cannot tell. */
type Excuse = (cut: Fields, whole: Fields) => boolean
const withoutPorts: Excuse = (cut, whole) =>
  cut.kind === 'packet' && whole.kind === 'packet' && cut.dport === undefined && ends({ ...cut, proto: whole.proto }) === ends(whole)
const EXCUSES: Readonly<Record<string, readonly { why: string; allows: Excuse }[]>> = {
  'molly-brown': [{
    why: 'the URL is the last field, and nothing but the newline ends it',
    allows: (cut, whole) => cut.kind === 'request' && whole.kind === 'request' && whole.path.startsWith(cut.path)
      && ends({ ...cut, path: whole.path }) === ends(whole),
  }],
  pflog: [{ why: 'a packet without ports may end in the name of its transport (`ip-proto-17`), and can be no knock', allows: withoutPorts }],
  tcpdump: [{ why: 'as pflog', allows: withoutPorts }],
}

/** Flags may only be missed where people cut lines when they quote them: OpenBSD's, right behind the flags. */
const CUT_BEHIND_FLAGS = /: (?:\.|[SFRPWE]{1,6})$/

function isExcused(dialect: string, cut: Fields, whole: Fields): boolean {
  return (EXCUSES[dialect] ?? []).some(({ allows }) => allows(cut, whole))
}

const CONTROLS = ['\u0000', '\u0001', '\t', '\u001b', '\u007f', '\r']

function* withControls(text: string): Generator<string> {
  for (let at = 0; at <= text.length; at++) {
    for (const control of CONTROLS) yield text.slice(0, at) + control + text.slice(at)
  }
}

/** What other programs, or a shell, may put before a line. */
const FOREIGN = [
  ' ', '\t', '  ', ' \t ', '> ', '"', '[', 'x', 'Invalid user ', 'Nov 20 10:00:00 vm sshd[1]: Invalid user ', '10.0.0.66 ', 'SRC=10.0.0.66 ',
]

const INHERITED = ['constructor', '__proto__', 'toString', 'valueOf', 'hasOwnProperty']

const GLUES = ['', ' ', '\r', '\u0000']
const LIAR4 = '198.51.100.77'
const LIAR6 = '2001:db8:ffff:ffff:ffff:ffff:ffff:ff77'

/** The line with another source in place of its own; undefined where its source is not spelled plainly. */
function asLiar({ text, fields, parse }: EventLine): string | undefined {
  const liar = fields.src.includes(':') ? LIAR6 : LIAR4
  const changed = [fields.src, ...[...text.matchAll(/[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){7}/g)].map(([spelled]) => spelled)]
    .filter((spelled) => parseAddress(spelled) === fields.src)
    .map((spelled) => text.replaceAll(spelled, liar))
  return changed.find((line) => fieldsOf(parse(line))?.src === liar)
}

describe.each(CASES)('%s', (name, { dialect, events, refused }) => {
  it('is a pure function of the line', () => {
    const first = events.map(({ text, parse }) => JSON.stringify(parse(text)))
    for (const text of refused) parseLine(dialect, text, DEFAULT_CONTEXT)
    const second = events.map(({ text, parse }) => JSON.stringify([parse(text), parse(text)]))
    expect(second).toEqual(first.map((outcome) => `[${outcome},${outcome}]`))
  })

  it('never reads another packet or request from a line that was cut', () => {
    const wrong: string[] = []
    for (const { text, fields, parse } of events) {
      for (let length = 0; length < text.length; length++) {
        const cut = fieldsOf(parse(text.slice(0, length)))
        if (cut === undefined) continue
        if (ends(cut) !== ends(fields) && !isExcused(name, cut, fields)) wrong.push(text.slice(0, length))
        if (flagsText(cut) !== flagsText(fields) && !CUT_BEHIND_FLAGS.test(text.slice(0, length))) wrong.push(text.slice(0, length))
      }
    }
    expect(wrong).toEqual([])
  })

  it('never reads another packet or request from a line with a control character in it', () => {
    const wrong: string[] = []
    for (const { text, fields, parse } of events) {
      for (const line of withControls(text)) {
        const found = fieldsOf(parse(line))
        if (found !== undefined && ends(found) !== ends(fields)) wrong.push(JSON.stringify(line))
      }
    }
    expect(wrong).toEqual([])
  })

  it.each(FOREIGN)('reads nothing or the same behind %j', (foreign) => {
    const found = events.map(({ text, fields, parse }) => ({ text, is: fieldsOf(parse(foreign + text)), should: fields }))
    expect(found.filter(({ is, should }) => is !== undefined && ends(is) !== ends(should)).map(({ text }) => text)).toEqual([])
  })

  it('never believes the second of two lines that are glued together', () => {
    const liars = events.flatMap((event) => asLiar(event) ?? [])
    const others = liars.filter((_line, index) => index % Math.ceil(liars.length / 40) === 0)
    expect(others.length).toBeGreaterThan(0)
    const wrong: string[] = []
    for (const { text, parse } of events) {
      for (const tail of others.flatMap((other) => GLUES.map((glue) => glue + other))) {
        const src = fieldsOf(parse(text + tail))?.src
        if (src === LIAR4 || src === LIAR6) wrong.push(JSON.stringify(text + tail))
      }
    }
    expect(wrong).toEqual([])
  })

  it('survives the names that every object of JavaScript has', () => {
    for (const { text, parse } of events) {
      for (const { 0: word, index } of text.matchAll(/[A-Za-z]+/g)) {
        for (const inherited of INHERITED) parse(text.slice(0, index) + inherited + text.slice(index + word.length))
      }
    }
  })

  it('survives any splice of its lines', () => {
    const texts = [...events.map(({ text }) => text), ...refused]
    const piece = fc.tuple(fc.constantFrom(...texts), fc.nat(400), fc.nat(400)).map(([text, a, b]) => text.slice(Math.min(a, b), Math.max(a, b)))
    const noise = fc.string({ unit: 'binary', maxLength: 8 }).map((text) => Buffer.from(text).toString('latin1'))
    fc.assert(fc.property(fc.array(fc.oneof(piece, noise), { maxLength: 4 }), (pieces) => {
      const outcome = parseLine(dialect, pieces.join(''), DEFAULT_CONTEXT)
      if (isParsed(outcome)) expect(parseAddress(outcome.fields.src)).toBe(outcome.fields.src)
      else expect(typeof reasonOf(outcome)).toBe('string')
    }), { numRuns: 300 })
  })
})

/** One line a sample, each cut at every token, the token then repeated up to the length. */
function repetitions(events: readonly EventLine[], length: number): string[] {
  const lines = [...new Map(events.map((event) => [event.sample, event.text])).values()]
  return lines.flatMap((text) => [...text.matchAll(/[A-Za-z]+|\d+| > |\s|./g)].flatMap(({ 0: token, index }) =>
    [text.slice(0, index), ''].map((head) => head + token.repeat(Math.ceil(length / token.length)).slice(0, length - head.length))))
}

/** Milliseconds; the least of some runs, since a run may be interrupted. */
function least(run: () => void, times: number): number {
  return Math.min(...Array.from({ length: times }, () => {
    const started = performance.now()
    run()
    return performance.now() - started
  }))
}

describe.each(CASES)('%s takes time in proportion to the length', (_name, { dialect, events }) => {
  const parse = (text: string): unknown => parseLine(dialect, text, DEFAULT_CONTEXT)

  it('of every single line', () => {
    const lines = [...new Set(repetitions(events, MAX_LINE_BYTES))]
    const slow = lines.filter((line) => least(() => parse(line), 1) > 20 && least(() => parse(line), 5) > 20)
    expect(slow.map((line) => line.slice(0, 300))).toEqual([])
  })

  it('when it doubles', () => {
    const [half, whole] = [MAX_LINE_BYTES / 2, MAX_LINE_BYTES].map((length) => {
      const lines = [...new Set(repetitions(events.slice(0, 8), length))]
      return least(() => lines.forEach(parse), 3)
    })
    expect(whole).toBeLessThan(3.5 * half! + 25)
  })

  it('and none at all beyond the limit', () => {
    for (const line of new Set(repetitions(events.slice(0, 2), 65_536))) expect(parse(line)).toBe('too-long')
  })
})

describe.each(CASES)('%s checks its numbers', (name, { dialect }) => {
  const spelling = SPELLINGS[name]!
  const fields = (changed: Partial<Record<'src' | 'dst' | 'sport' | 'dport', string>>): (Fields | undefined)[] =>
    spelling.lines.map((line) => fieldsOf(parseLine(dialect, line({ src: '192.0.2.123', dst: '192.0.2.31', sport: '40000', dport: '7000', ...changed }), DEFAULT_CONTEXT)))

  it.each([
    ['192.0.2.7', '192.0.2.7'], ['0.0.0.0', '0.0.0.0'], ['255.255.255.255', '255.255.255.255'],
    ['2001:db8::7', '2001:db8::7'], ['2001:0DB8:0000:0000:0000:0000:0000:0007', '2001:db8::7'], ['::', '::'],
    ['::ffff:192.0.2.7', '192.0.2.7'], ['0:0:0:0:0:ffff:c000:0207', '192.0.2.7'], ['::192.0.2.7', '::c000:207'],
  ])('the address %s is %s', (src, canonical) => {
    expect(fields({ src }).map((found) => found?.src)).toEqual(spelling.lines.map(() => canonical))
  })

  it.each([
    '192.0.2.07', '0192.0.2.7', '192.0.2', '3221226119', '0xc0000207', '192.0.2.256', '192.0.2.7.8', '192.0.2.', '.192.0.2.7', '192..2.7',
    '192.0.2.-7', 'localhost', 'gw.example.net', 'fe80::7%eth0', '2001:db8:::7', '2001:db8::7::', '12345::', '::ffff:192.0.2.07', '1:2:3:4:5:6:7:8:9', '',
  ])('%j is no address', (src) => {
    expect(fields({ src })).toEqual(spelling.lines.map(() => undefined))
  })

  it.each(spelling.hasPorts ? ['sport', 'dport'] as const : [])('%s', (key) => {
    for (const port of [0, 1, 65_535]) expect(fields({ [key]: String(port) })).toMatchObject(spelling.lines.map(() => ({ [key]: port })))
    for (const text of ['65536', '-1', '080', '99999999999', '+80', '0x50', 'ssh', '']) {
      expect([text, fields({ [key]: text })]).toEqual([text, spelling.lines.map(() => undefined)])
    }
  })
})

it('knows how every dialect spells an address', () => {
  expect(Object.keys(SPELLINGS).toSorted()).toEqual(DIALECTS.map(({ name }) => name).toSorted())
})
