import { describe, expect, it } from 'vitest'
import { sampleLines } from '../fuzz/target.ts'
import { parseAddress } from '../parsers/address.ts'
import { DIALECTS } from '../parsers/dialects.ts'
import { ENVELOPES, type EnvelopeName } from '../parsers/envelopes/index.ts'
import { DEFAULT_CONTEXT } from '../parsers/parser.ts'
import { NO_STAMP } from '../parsers/time.ts'
import { parseSecret } from '../rules/derive/secret.ts'
import { readProfiles } from '../src/client/profiles.ts'
import { unusedEntries } from '../src/config/one-time.ts'
import { parseConfig } from '../src/config/parse.ts'
import { Report } from '../src/config/problem.ts'
import { parseReply } from '../src/front/client-protocol.ts'
import { parseLedger } from '../src/grants/ledger-text.ts'
import { parseRequest } from '../src/helper/protocol.ts'
import { parseRecord } from '../src/history/record.ts'
import { crossOut } from '../src/one-time/cross-out.ts'

/**
 * Ten times the text takes about ten times the time. Up to forty are let pass, since long texts leave the processor's caches and wake the
 * garbage collector; what is quadratic takes a hundred times. The functions are measured themselves, on texts that no cap has cut, by the
 * time of the processor that they take: it does not matter who else wants it. The least of some runs counts, and a pair that seems too slow is
 * measured again: what else goes on in the machine can only add time, never take it away.
 */
const MOST_GROWTH = 40
/** What takes less for the longer text needs no second look: quadratic would be seconds. */
const QUICK_MS = 5
const ATTEMPTS = 4

type Read = (text: string) => unknown

function least(read: Read, text: string, times: number): number {
  return Math.min(...Array.from({ length: times }, () => {
    const before = process.cpuUsage()
    read(text)
    const { user, system } = process.cpuUsage(before)
    return Math.max(1, user + system) / 1000
  }))
}

function isLinear(read: Read, short: string, long: string): boolean {
  if (least(read, long, 1) < QUICK_MS) return true
  const growths = Array.from({ length: ATTEMPTS }, (_, attempt) => attempt).map((attempt) => (): number => least(read, long, 1 + attempt) / least(read, short, 4))
  return growths.some((growth) => growth() < MOST_GROWTH)
}

/** Of the families, those that are worse than linear: by their first characters. */
function worse(read: Read, families: readonly ((length: number) => string)[], length: number): string[] {
  return families.map((family) => [family(length), family(10 * length)] as const)
    .filter(([short, long]) => !isLinear(read, short, long)).map(([, long]) => long.slice(0, 200))
}

const UNITS = [
  ...'aA09 \t"\'\\[](){}<>=,;:./-_#%+|~\0\n\r\u007f\u00ff', '\\"', '\\x22', '\\x0a', '\\u{e9}', '\u00c3\u00a9', '[]', '()', '(a)', '[[', '""', 'a=', 'a=b ', 'A=1 ', '1.', '1:', '::', 'ab:', ', ', ' > ', ' - ', ' -',
  'IN=', 'IN= OUT=', 'SRC=', 'SRC=1.1.1.1 ', 'FRAG:0 ID:0 ', 'OPT ( ) ', 'Flags [', ' [|tcp]', 'HBH ', 'frag ', '(frag 7:8@0) ', ' ack 7', '[uid 0] ', ' (encap)', 'kernel: ', '<4>', '[ 1.000000] ',
  ' [20/Nov/2026:23:42:50 +0000]', '" 200 1', '"GET / HTTP/1.1" ', ' 20', ' 0 0 20', 'gemini://a', '{"a":', '[1,', '"a",', 'a b="c" ', '[a b="c"]', 'last message repeated ',
]

const repeated = (unit: string, length: number): string => unit.repeat(Math.ceil(length / unit.length)).slice(0, length)

/** A unit repeated behind the beginning of a line, alone and with the line's end behind it. */
function lineFamilies(lines: readonly string[]): ((length: number) => string)[] {
  const chosen = lines.filter((line) => line.length > 20)
  const some = [0.1, 0.7].map((at) => chosen[Math.floor(at * chosen.length)]!)
  const cuts = some.flatMap((line) => [0, 0.3, 0.55, 0.8, 1].map((at) => [line, Math.floor(at * line.length)] as const))
  return cuts.flatMap(([line, at]) => UNITS.flatMap((unit) => [
    (length: number) => line.slice(0, at) + repeated(unit, length),
    ...(at === 0 || at === line.length ? [] : [(length: number) => line.slice(0, at) + repeated(unit, length) + line.slice(at)]),
  ]))
}

const LINE_LENGTH = 8192

describe.each(DIALECTS.map((dialect) => [dialect.name, dialect] as const))('%s', (name, { message }) => {
  it('reads messages in time that grows with their length', { timeout: 120_000 }, () => {
    expect(worse((text) => message(text, 0, NO_STAMP, DEFAULT_CONTEXT), lineFamilies(sampleLines(name)), LINE_LENGTH)).toEqual([])
  })
})

describe.each((Object.keys(ENVELOPES) as EnvelopeName[]).map((name) => [name, ENVELOPES[name].open] as const))('the envelope %s', (_name, open) => {
  it('is opened in time that grows with the line', { timeout: 120_000 }, () => {
    const wrapped = ['kernel', 'clf'].flatMap(sampleLines).filter((line) => open(line) !== undefined)
    expect(worse(open, lineFamilies(wrapped.length > 0 ? wrapped : sampleLines('kernel')), LINE_LENGTH)).toEqual([])
  })
})

/** As many numbered pieces as there is room for. */
function numbered(piece: (number: number) => string): (length: number) => string {
  return (length) => {
    let text = ''
    for (let number = 0; text.length < length; number++) text += piece(number)
    return text
  }
}

const within = (head: string, family: (length: number) => string, tail: string) => (length: number): string => head + family(length) + tail
const run = (unit: string) => (length: number): string => repeated(unit, length)
const port = (number: number): number => 1000 + number % 60_000
const NATIVE = '[knocktail]\nfirewall = null\n'

const CONFIGURATIONS = [NATIVE, ''].flatMap((head) => [
  ...['[r]\nsequence = 7000\n', '[a]\n', 'junk\n', '[user a]\nsecret = a\n', '[source s]\nfollow = stdin\n'].map((unit) => within(head, run(unit), '')),
  within(head, numbered((n) => `[r${n}]\nsequence = ${port(n)}, ${port(7 * n)}, ${port(13 * n)}\nreorder = 500ms\nports = 22/tcp\n`), ''),
  within(head, numbered((n) => `[r${n}]\nsequence = hmac\nusers = bob\nports = 22/tcp\n`), ''),
  within(head, numbered((n) => `[r${n}]\nsequence = 7000\ncloses = r${n + 1}\n`), ''),
  within(`${head}[r]\n`, numbered((n) => `k${n} = 1\n`), ''),
  within(`${head}[r]\nsequence = `, numbered((n) => `${port(n)},`), '7001\nports = 22/tcp\n'),
  within(`${head}[r]\nsequence = hmac\nusers = `, numbered((n) => `u${n},`), 'u\nports = 22/tcp\n'),
])
/** One line, a value, a key, a header and a text of each unit. */
const RUNS = UNITS.flatMap((unit) => [
  run(unit), ...[NATIVE, '[options]\n'].flatMap((head) => [within(`${head}[r]\nstart_command = a`, run(unit), 'b\n'), within(`${head}[r]\na`, run(unit), 'b = 1\n'), within(`${head}[a`, run(unit), 'b]\n')]),
])

describe('the configuration', () => {
  const read = (text: string): unknown => parseConfig(text, '/etc/k.conf', (_path, what) => (what === 'secret' ? 'MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U' : '7000,7001\n'))

  it('of many sections, keys and values', { timeout: 120_000 }, () => expect(worse(read, CONFIGURATIONS, 10_000)).toEqual([]))
  it('of endless runs', { timeout: 120_000 }, () => expect(worse(read, RUNS, 10_000)).toEqual([]))
  it('of a megabyte', { timeout: 120_000 }, () => expect(worse(read, [' ', '=', '"', '\\', '\n', '#'].map((unit) => within(`${NATIVE}[r]\nstart_command = a`, run(unit), 'b\n')), 100_000)).toEqual([]))
  it('of profiles', { timeout: 120_000 }, () => expect(worse((text) => readProfiles(text, '/', new Report('p')), RUNS, 10_000)).toEqual([]))
})

const ID = 'nftables.0f3c62a18b5d7e94'
const TEXTS: readonly (readonly [string, Read, readonly string[]])[] = [
  ['a request to the helper', parseRequest, ['', '1 add ', `1 add ${ID} `, `1 add ${ID} 192.0.2.7 `, '1 spend ']],
  ['a reply of the helper', parseReply, ['', '1 failed "', '1 entry ', '1 finding error "', '- note "', '- ready ']],
  ['a ledger', parseLedger, ['', '{"boot":"', '{"boot":"b","begun":1,"grants":[', '{"targets":{']],
  ['a record of the history', parseRecord, ['', '{"v":1,"time":"', '{"v":1,']],
  ['a list of one-time sequences', (text) => crossOut(text, 'none', unusedEntries(text, '/list', 'knockd')), ['', '7000,', '7000\n', '#']],
  ['a list, as we read it', (text) => unusedEntries(text, '/list', 'native'), ['', '7000,', '7000:', 'GET /']],
  ['a secret', parseSecret, ['', 'MFRGGZDF']],
  ['an address', parseAddress, ['', '1.', '2001:', '::ffff:']],
]

describe.each(TEXTS)('%s', (_what, read, heads) => {
  it('is read in time that grows with its length', { timeout: 120_000 }, () => {
    expect(worse(read, heads.flatMap((head) => UNITS.map((unit) => within(head, run(unit), 'x'))), 20_000)).toEqual([])
  })
})
