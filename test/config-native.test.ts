import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { parse } from 'ini'
import { describe, expect, it } from 'vitest'
import { FLAG_BITS } from '../parsers/event.ts'
import { HOUR, MILLISECOND, MINUTE, SECOND } from '../parsers/time.ts'
import { loadConfig } from '../src/config/load.ts'
import { readNative, unquote } from '../src/config/native.ts'
import { formatProblem, Report } from '../src/config/problem.ts'
import { printable } from '../src/printable.ts'
import { config, problems } from './support/config.ts'
import { HEAD, only, rule } from './support/native-config.ts'

/** What the native reader makes of a file that is right. */

describe('the example of the README', () => {
  const text = `[knocktail]
firewall  = nftables
state_dir = /var/lib/knocktail
always_allow = 198.51.100.7, 2001:db8:7::/48
[source kernel]
follow = kmsg
prefix = "knock: "
[firewall nftables]
set4 = inet filter knock4
set6 = inet filter knock6
[ssh]
sequence = 7000, 8000:udp, 9000
seq_timeout = 15s
reorder = 500ms
ports = 22/tcp
open_for = 30s
`
  it('is understood', () => {
    const read = config(text)
    expect(read).toMatchObject({ style: 'native', firewall: 'nftables', stateDir: '/var/lib/knocktail', maxAttempts: 131_072, maxAge: MINUTE })
    expect(read.alwaysAllow.map((network) => network.text)).toEqual(['198.51.100.7', '2001:db8:7::/48'])
    expect(read.sources).toEqual([{ name: 'kernel', follow: { kind: 'kmsg' }, prefix: 'knock: ', parser: undefined, timezone: undefined, quietAfter: undefined, canary: false, line: 5 }])
    expect(read.firewalls).toEqual([{ name: 'nftables', settings: { set4: ['inet', 'filter', 'knock4'], set6: ['inet', 'filter', 'knock6'] }, line: 8 }])
  })

  it('has the rule that it spells', () => {
    const { match, opens, sequences, target, line } = only(text)
    expect(match).toMatchObject({ name: 'ssh', seqTimeout: 15 * SECOND, reorder: 500 * MILLISECOND, otherPorts: 3 })
    expect(match.flags).toEqual({ set: FLAG_BITS.SYN, clear: FLAG_BITS.ACK })
    expect(match.limits).toEqual({ target: undefined, interfaces: undefined, from: undefined, status: undefined, forwarded: false })
    expect(sequences).toEqual([
      { id: 'static', user: undefined, steps: [{ kind: 'port', proto: 'tcp', port: 7000 }, { kind: 'port', proto: 'udp', port: 8000 }, { kind: 'port', proto: 'tcp', port: 9000 }] },
    ])
    expect(match.sequencesAt(SECOND)).toBe(match.sequencesAt(HOUR))
    expect(opens).toMatchObject({ ports: [{ proto: 'tcp', port: 22 }], openFor: 30 * SECOND, maxOpen: 8 * HOUR, startCommand: undefined, closes: undefined })
    expect({ target, line }).toEqual({ target: 'own', line: 11 })
  })

  it('is the same with a byte order mark and with CRLF', () => {
    for (const other of [`\ufeff${text}`, text.replaceAll('\n', '\r\n')]) {
      expect(JSON.parse(JSON.stringify(config(other)))).toEqual(JSON.parse(JSON.stringify(config(text))))
    }
  })
})

describe('the commented sample', () => {
  it('loads without a warning and shows every key', async () => {
    const path = 'samples/config/knocktail.conf'
    const read = await loadConfig(path)
    expect(read.warnings).toEqual([])
    expect(read.rules.map(({ match }) => match.name)).toEqual(['ssh', 'admin-pages', 'office-pc', 'ssh-close'])
    const text = readFileSync(path, 'utf8')
    const keys = ['sequence', 'one_time_sequences', 'warn_below', 'seq_timeout', 'reorder', 'other_ports', 'tcpflags', 'target', 'interface', 'from', 'status', 'forwarded', 'ports', 'open_for',
      'max_open', 'start_command', 'stop_command', 'start_command_6', 'stop_command_6', 'closes', 'firewall', 'state_dir', 'always_allow', 'never_open', 'max_attempts', 'max_age',
      'follow', 'parser', 'prefix', 'timezone', 'set4', 'set6', 'table', 'user', 'helper', 'on_exit', 'mode', 'log', 'require_trusted', 'close_when',
      'kill_on_close', 'elements', 'program', 'adopt', 'zone', 'file', 'daemons', 'history_size', 'history_keep', 'run_dir', 'quiet_after', 'canary']
    expect(keys.filter((key) => !new RegExp(`^[# ]*${key} =`, 'm').test(text))).toEqual([])
  })
})

describe('values', () => {
  it.each([
    ['reorder', 'any', { reorder: 'any' }],
    ['reorder', '0', { reorder: 0 }],
    ['seq_timeout', '1.5', { seqTimeout: 1.5 * SECOND }],
    ['seq_timeout', '2 m', { seqTimeout: 2 * MINUTE }],
    ['other_ports', '1024', { otherPorts: 1024 }],
    ['tcpflags', 'any', { flags: { set: 0, clear: 0 } }],
    ['tcpflags', 'FIN, !ack', { flags: { set: FLAG_BITS.FIN, clear: FLAG_BITS.ACK } }],
    ['interface', 'wg0, eth0.5', { limits: { interfaces: ['wg0', 'eth0.5'] } }],
    ['status', '200, 404, 20', { limits: { status: [200, 404, 20] } }],
    ['forwarded', 'yes', { limits: { forwarded: true } }],
  ])('%s = %s', (key, value, expected) => {
    const keys = `${HEAD}[ssh]\nsequence = 48211, 7043\nstart_command = true\n${key} = ${value}\n`
    expect(only(keys).match).toMatchObject(expected)
  })

  it('tells an own, any and a listed target apart', () => {
    expect([rule(), rule('target = any'), rule('target = 192.0.2.0/24')].map((text) => only(text).target)).toEqual(['own', 'any', 'listed'])
    expect(only(rule('target = 192.0.2.0/24, 2001:db8::1')).match.limits.target?.map(({ text }) => text)).toEqual(['192.0.2.0/24', '2001:db8::1'])
  })

  it('reads web steps', () => {
    const { sequences } = only(`${HEAD}[web]\nsequence = GET /a?b=1, 7000/udp, POST /%20x\nports = 22\n`)
    expect(sequences[0]?.steps).toEqual([
      { kind: 'request', method: 'GET', path: '/a?b=1' },
      { kind: 'port', proto: 'udp', port: 7000 },
      { kind: 'request', method: 'POST', path: '/%20x' },
    ])
  })

  it('keeps quoted commands whole', () => {
    const { opens } = only(rule('stop_command = "/bin/a; b # \\"c\\""', "start_command_6 = '/bin/a; b # \"c\"'", 'stop_command_6 = ""'))
    expect(opens).toMatchObject({ stopCommand: '/bin/a; b # "c"', startCommand6: '/bin/a; b # "c"', stopCommand6: '' })
  })
})

describe('the dialect is ini\'s', () => {
  const name = fc.stringMatching(/^[a-z]\w{0,8}$/)
  const value = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.stringMatching(/^[ \t;#"'\\a-c1[\]=]{0,8}$/),
    fc.string({ maxLength: 8 }).map((text) => JSON.stringify(text)),
    fc.constantFrom('true', 'null', '12', '"12"', "'12'", "'a;b'", 'a\\;b', 'a\\\\', '\\d+', ''),
  )
  const section = fc.tuple(name, fc.array(fc.tuple(name, value), { maxLength: 4 }))

  it('what is accepted has the value that ini gives it', () => {
    fc.assert(
      fc.property(fc.array(section, { maxLength: 4 }), (sections) => {
        const text = ['[knocktail]', ...sections.flatMap(([header, keys]) => [`[${header}]`, ...keys.map(([key, raw]) => `${key} =${raw}`)])].join('\n')
        const report = new Report('t.conf')
        const read = readNative(text, report)
        if (report.errors.length > 0) return
        const parsed = parse(text) as Record<string, Record<string, unknown>>
        const texts = Object.fromEntries(read.map((one) => [one.name, Object.fromEntries([...one.entries].map(([key, entry]) => [key, entry.value]))]))
        const expected = Object.entries(parsed).map(([header, keys]) => [header, Object.fromEntries(Object.entries(keys).map(([key, one]) => [key, String(one)]))])
        expect(texts).toEqual(Object.fromEntries(expected))
      }),
      { numRuns: 3000 },
    )
  })

  it('a value by itself, likewise', () => {
    fc.assert(
      fc.property(value.filter((text) => !/[\r\n]/.test(text)), (raw) => {
        const read = unquote(raw.trim())
        if ('value' in read) expect(read.value).toBe(String(parse(`a=${raw}`)['a']))
      }),
      { numRuns: 5000 },
    )
  })

  it('no text makes it throw, and every message is printable', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (junk) => {
        for (const problem of [...problems(`[knocktail]\n${junk}`), ...problems(`[a]\n${junk}`)]) expect(printable(problem)).toBe(problem)
      }),
      { numRuns: 2000 },
    )
  })
})

it('a problem of the whole file has no line', () => {
  expect(formatProblem({ file: 'a.conf', line: 0, message: 'x' })).toBe('a.conf: x')
})
