import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DIALECTS, parseLine } from '../parsers/dialects.ts'
import { DEFAULT_CONTEXT, type Dialect } from '../parsers/parser.ts'
import { isoStamp, netfilterText } from './support/log-lines.ts'
import { logLines, SAMPLES } from './support/samples.ts'

/** Those that read some lines from their bytes. */
const QUICK = DIALECTS.filter(({ quick }) => quick !== undefined).map((dialect) => [dialect.name, dialect] as const)

const linesOf = (name: string): string[] => SAMPLES.filter(({ dialect }) => dialect === name).flatMap(logLines)

/** Read among other lines, as it is in a file: nothing before or behind it may count. */
function quickly({ quick }: Dialect, text: string, around = 'x'): unknown {
  const bytes = Buffer.from(`${around}${text}${around}`, 'latin1')
  return quick!({ bytes, end: around.length + text.length }, around.length, DEFAULT_CONTEXT)
}

function agrees(dialect: Dialect, text: string): void {
  for (const around of ['\n', ' SYN URGP=0 \nDPT=7000 ']) {
    const read = quickly(dialect, text, around)
    if (read !== undefined) expect(read, text).toEqual(parseLine(dialect, text, DEFAULT_CONTEXT))
  }
}

/** What may begin or end a part of a line. */
const PIECES = ['IN=', ' IN=eth1 OUT= ', 'OUT=', 'MAC=', 'MAC= ', 'MACSRC=00:11 ', 'MACPROTO=0800 ', 'PHYSIN=a ', 'TUNNEL=1->2 ', 'SRC=', 'SRC=192.0.2.1 ', ' ', '\\', '\u007f', '1', '2027', '2028-02-29', '00', '59', '60', '99', '+00:00', '-05:30', '+24:00', 'Z', '1684-', '2255-06-05T23:47:34.']

const WORDS = [
  'SRC=192.0.2.256', 'SRC=01.2.3.4', 'SRC=::ffff:1.2.3.4', 'DST=2001:db8::1', 'LEN=', 'LEN=x', 'TOS=', 'TOS=0xfg', 'TOS=0y00', 'PREC=X', 'TTL=064', 'ID=065', 'ID=65536', 'CE', 'DF', 'MF', 'FRAG:185', 'OPT', '(00)',
  'PROTO=TCP', 'PROTO=UDP', 'PROTO=6', 'SPT=65536', 'SPT=007', 'DPT=', 'SEQ=4294967296', 'SEQ=4294967295', 'SEQ=01', 'SEQ=7', 'ACK=7', 'WINDOW=', 'RES=0xG0', 'AE', 'CWR', 'ECE', 'URG', 'ACK', 'PSH', 'RST', 'SYN', 'FIN', 'URGP=00', 'UID=0', 'MARK=0x1', 'INCOMPLETE',
]

describe.each(QUICK)('%s lines read from their bytes', (name, dialect) => {
  const lines = linesOf(name)

  it('are some of its samples', () => {
    expect(lines.filter((text) => quickly(dialect, text) !== undefined).length).toBeGreaterThan(lines.length / 20)
  })

  it('say what they say read from text', () => {
    for (const text of lines) agrees(dialect, text)
  })

  it('wherever they are cut', () => {
    for (const text of lines) for (let end = 0; end < text.length; end += 3) agrees(dialect, text.slice(0, end))
  })

  it('with any byte in any place', () => {
    const quick = lines.filter((text) => quickly(dialect, text) !== undefined)
    fc.assert(fc.property(fc.constantFrom(...quick), fc.nat(), fc.nat(2), fc.string({ unit: 'binary-ascii', maxLength: 3 }), (text, place, removed, added) => {
      const at = place % (text.length + 1)
      agrees(dialect, text.slice(0, at) + added + text.slice(at + removed))
    }), { numRuns: 20_000 })
  })

  it('right behind the line of which they differ in some bytes', () => {
    const quick = lines.filter((text) => quickly(dialect, text) !== undefined)
    const change = fc.tuple(fc.nat(), fc.nat(20), fc.oneof(fc.string({ unit: 'binary-ascii', maxLength: 3 }), fc.constantFrom(...PIECES)))
    fc.assert(fc.property(fc.constantFrom(...quick), fc.array(change, { minLength: 1, maxLength: 4 }), (text, changes) => {
      quickly(dialect, text)
      for (const [place, removed, added] of changes) {
        const at = place % (text.length + 1)
        agrees(dialect, text.slice(0, at) + added + text.slice(at + removed))
      }
    }), { numRuns: 20_000 })
  })

  it('and with other words in their places, or between them', () => {
    const quick = lines.filter((text) => quickly(dialect, text) !== undefined)
    const word = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...WORDS) }, fc.constantFrom(...new Set(lines.flatMap((text) => text.split(' ')))))
    fc.assert(fc.property(fc.constantFrom(...quick), fc.array(fc.tuple(word, fc.boolean(), fc.nat()), { minLength: 1, maxLength: 2 }), (text, changes) => {
      const words = text.split(' ')
      for (const [changed, isReplaced, place] of changes) {
        const same = words.findIndex((one) => one.split('=')[0] === changed.split('=')[0])
        if (isReplaced && same >= 0) words[same] = changed
        else words.splice(place % (words.length + 1), 0, changed)
      }
      agrees(dialect, words.join(' '))
    }), { numRuns: 30_000 })
  })

  it('and spliced with others', () => {
    fc.assert(fc.property(fc.constantFrom(...lines), fc.constantFrom(...lines), fc.nat(), fc.nat(), (one, other, first, second) => {
      agrees(dialect, one.slice(0, first % (one.length + 1)) + other.slice(second % (other.length + 1)))
    }), { numRuns: 10_000 })
  })
})

describe('stamps in a line read from its bytes', () => {
  const [kernel] = QUICK.find(([name]) => name === 'kernel')!.slice(1) as [Dialect]
  // Around the first and the last microsecond that is exact in a double, and what is the same as in the line before.
  it.each([
    '1684-07-28T00:12:25.259009+00:00', '1684-07-28T00:12:25.259008+00:00', '1684-07-28T00:12:25.000000+00:00', '1684-07-28T00:12:26.000000+00:00',
    '2255-06-05T23:47:34.740991+00:00', '2255-06-05T23:47:34.740992+00:00', '2255-06-05T23:47:34.740992-05:00', '2255-06-05T23:47:35.000000+00:00',
    '2026-02-29T10:00:00.000000+00:00', '2028-02-29T10:00:00.000000+00:00', '2028-02-29T10:00:00.000000+24:00', '2028-02-29T10:00:00.00000x+00:00', '2028-02-29T10:00:00.000000-00:00',
  ])('%s', (stamp) => {
    const text = ` gate kernel: ${netfilterText({ at: 0, port: 7000 })}`
    for (const before of ['2026-07-04T12:00:00.000000+02:00', stamp]) {
      quickly(kernel, before + text)
      agrees(kernel, stamp + text)
    }
  })
})

describe('the lines of which a log has millions are read from their bytes', () => {
  const message = netfilterText({ at: 0, port: 7000 })
  const [kernel] = QUICK.find(([name]) => name === 'kernel')!.slice(1) as [Dialect]
  it.each([
    ['rsyslog', `${isoStamp(0)} gate kernel: knock: ${message}`],
    ['rsyslog, with the uptime', `${isoStamp(0)} gate kernel: [ 1261.704253] knock: ${message}`],
    ['syslogd', `Nov 20 23:36:56 gate kernel: knock: ${message}`],
    ['syslogd, with the uptime', `Nov  2 23:36:56 gate kernel: [12345.704253] [UFW BLOCK] ${message}`],
  ])('%s', (_writer, text) => {
    expect(quickly(kernel, text)).toEqual(parseLine(kernel, text, DEFAULT_CONTEXT))
    expect(quickly(kernel, text)).toBeDefined()
  })
})
