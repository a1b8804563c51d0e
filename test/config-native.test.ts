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
import { config, problems, warnings } from './support/config.ts'

const HEAD = '[knocktail]\n'
const rule = (...keys: string[]): string => `${HEAD}[ssh]\nsequence = 48211, 7043\nreorder = 0\nother_ports = 0\nstart_command = true\n${keys.join('\n')}\n`
const only = (text: string) => config(text).rules[0] ?? expect.fail('no rule')

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

describe('everything wrong is told at once', () => {
  it('in the order of the lines', () => {
    const text = `stray = 1
[knocktail]
max_attempts = 5
max_atempts = 20
max_age = 0
[ssh]
sequence = 7000, 70000
seq_timeout = soon
seq_timeout = 3
ports = 22/icmp
open_for = 1d
[web
ports = 80
[ssh]
closes = nobody
[options]
logfile = /x
`
    expect(problems(text)).toEqual([
      't.conf:1: "stray = 1" stands before the first section: every key belongs to a [section]',
      't.conf:3: max_attempts: "5" is not a whole number from 16 to 10000000',
      't.conf:4: unknown key "max_atempts" in [knocktail]; did you mean "max_attempts"?',
      't.conf:5: max_age: "0" leaves no time at all: write more than 0',
      't.conf:7: sequence: "70000" is no step: write a port from 1 to 65535 as 7000 or 8000:udp, a request as GET /path, or at the end totp',
      't.conf:8: seq_timeout: "soon" is no duration: write 500ms, 15s, 2m, 8h or 1d',
      't.conf:9: seq_timeout: is set twice, first on line 8: one of them must go',
      't.conf:10: ports: "22/icmp" is no port: write 22/tcp or 53/udp, ports from 1 to 65535',
      't.conf:12: "[web" is no section: write [name] alone on its line',
      't.conf:14: [ssh] is there twice, first on line 6: one of them must go',
      't.conf:14: rule ssh has neither sequence nor one_time_sequences: nothing could open it',
      `t.conf:16: "[options]" is knockd's section: Knocktail's own keys belong into [knocktail]`,
    ])
  })

  it.each([
    ['seq_timeout = -1', 'is no duration'],
    ['seq_timeout = 400d', 'longer than a year'],
    ['reorder = some', 'neither a duration such as 500ms, nor 0, nor any'],
    ['other_ports = 1025', 'not a whole number from 0 to 1024'],
    ['tcpflags = synn', 'is no TCP flag; did you mean "SYN"?'],
    ['tcpflags = syn,!syn', 'both set and not set'],
    ['target = example.org', 'names are not looked up'],
    ['from = 192.0.2.1/24', 'a bit beyond its prefix is set'],
    ['status = 99', 'is no status code'],
    ['forwarded = maybe', 'neither yes nor no'],
    ['ports = 22, 22/tcp', '22/tcp is named twice'],
    ['ports = 0', 'is no port'],
    ['open_for = 9h', 'open_for: 9h is longer than max_open, 8h'],
    ['open_for = 0', 'more than 0'],
    ['firewall = nftable', 'did you mean "nftables"?'],
    ['closes = ssh', 'would close itself'],
    ['closes = shh', 'there is no rule "shh"; did you mean "ssh"?'],
    ['closes =', 'closes: is empty'],
    ['Ports = 22', 'unknown key "Ports" in [ssh]; did you mean "ports"?'],
    ['__proto__ = 22', 'unknown key "__proto__"'],
    ['one_time_sequences = list', 'both sequence and one_time_sequences'],
    ['flag', '"flag" is neither [section] nor key = value'],
    ['ports[] = 22', 'is no key'],
    ['stop_command = /bin/a; /bin/b', 'has ; or #, which begins a comment'],
    ["stop_command = 'a b' 'c'", 'single quotes inside single quotes'],
    ['stop_command = "/bin/a" && "b"', 'is no JSON text'],
    ['stop_command = "/bin/a', 'begins with a quote that does not end it'],
    ['stop_command = /bin/a"', 'ends with a quote that nothing opens'],
    ['stop_command = "^\\d+"', 'is no JSON text'],
    ["stop_command = '1.50'", 'would be read as JSON'],
    ['stop_command = "a\\nb"', 'stands for a control character'],
    ['stop_command = a\u0000b', 'control character "\\x00"'],
    ['stop_command = a\ufffdb', 'is not UTF-8'],
    ['# \u001b[31m', 'control character "\\x1b"'],
    ['[ssh.more] ; text', 'is no section'],
    ['[a b]', 'is no name'],
    ['[__proto__]', 'is no name'],
    ['[source]', 'needs a name: write [source NAME]'],
    ['[firewall nft]', 'is no firewall'],
    ['[firewall ipset]', 'firewall ipset does not know what to fill: set set4 or set6'],
    ['[firewall ufw]\nset4 = x', 'unknown key "set4" in [firewall ufw]: it takes program'],
    ['[firewall null]\nset4 = x', 'unknown key "set4": [firewall null] takes none'],
    ['close_when = later', '"later" is none of timeout, connected, disconnected'],
    ['mode = observ', '"observ" is none of enforce, observe'],
    ['[firewall nftables]\nset4 = knock4', 'write FAMILY TABLE SET'],
  ])('%j', (line, message) => {
    const text = rule(line).replace(line.startsWith('reorder') ? 'reorder = 0\n' : line.startsWith('other_ports') ? 'other_ports = 0\n' : '\u0001', '')
    expect(problems(text).filter((problem) => problem.includes(message))).toHaveLength(1)
  })

  it.each([
    ['get /x', 'the method in capitals'],
    ['GET x', 'begin it with /'],
    ['GET /ä', 'percent-encode'],
    ['7000,,8000', 'an empty step'],
    ['7000,', 'an empty step'],
    ['7000 8000', 'is no step'],
    ['07000', 'is no step'],
    ['0', 'is no step'],
    ['7000:icmp', 'is no step'],
    [Array.from({ length: 33 }, (_, index) => index + 2000).join(), 'has 33 steps: at most 32 are possible'],
  ])('sequence = %s', (sequence, message) => {
    expect(problems(`${HEAD}[a]\nstart_command = x\nsequence = ${sequence}\n`)).toEqual([expect.stringContaining(message)])
  })

  it('a rule that opens nothing', () => {
    expect(problems(`${HEAD}[a]\nsequence = 1, 2\n`)).toEqual(['t.conf:2: rule a opens nothing: give it ports, start_command or closes'])
  })

  it('a file that is not there', async () => {
    await expect(loadConfig('/nowhere/k.conf')).rejects.toMatchObject({ code: 'config', exitCode: 78, message: '/nowhere/k.conf: cannot be read: no such file or directory' })
  })
})

const source = (...keys: string[]): string => `${HEAD}[source s]\n${keys.join('\n')}\n`

describe('sources', () => {
  it.each([
    ['follow = file:/var/log/kern.log', { kind: 'file', path: '/var/log/kern.log' }],
    ['follow = command:tcpdump -n -l -e -tt -i pflog0', { kind: 'command', command: 'tcpdump -n -l -e -tt -i pflog0' }],
    ['follow = stdin', { kind: 'stdin' }],
  ])('%s', (key, follow) => {
    expect(config(source(key)).sources[0]?.follow).toEqual(follow)
  })

  it.each([
    [['parser = kernel'], 'follows nothing'],
    [['follow = kmsg'], 'needs a prefix'],
    [['follow = journald'], 'needs a prefix'],
    [['follow = stdin', 'parser = kernel'], 'needs a prefix'],
    [['follow = file:kern.log'], 'no absolute path'],
    [['follow = command:'], 'cannot be followed'],
    [['follow = syslog'], 'cannot be followed'],
    [['follow = stdin', 'parser = kernle'], 'did you mean "kernel"?'],
    [['follow = stdin', 'timezone = Mars/Base'], 'is no time zone'],
    [['follow = stdin', 'prefix = ""'], 'prefix: is empty'],
  ])('%s is an error', (keys, message) => {
    expect(problems(source(...keys))).toEqual([expect.stringContaining(message)])
  })
})

const two = (first: string, second: string): string => `${HEAD}[a]\nstart_command = x\n${first}\n[b]\nstart_command = x\n${second}\n`
const about = (text: string): string[] => warnings(text).filter((warning) => /rules? a and b|that of rule/.test(warning))

describe('two rules', () => {
  it('may not be each other in another order, if both tolerate swaps', () => {
    expect(problems(two('sequence = 7000, 9000, 8000', 'sequence = 9000, 8000, 7000'))).toEqual([
      't.conf:5: rules a and b are the same ports in another order and both tolerate swaps: set reorder = 0 in both, or change a port',
    ])
    expect(about(two('sequence = 7000, 9000, 8000', 'sequence = 9000, 8000, 7000\nreorder = 0'))).toEqual([
      't.conf:5: rules a and b are the same ports in another order, and a tolerates swaps, so quick knocks count for both: set reorder = 0 in both, or change a port',
    ])
    expect(about(two('sequence = 7000, 9000, 8000\nreorder = 0', 'sequence = 9000, 8000, 7000\nreorder = 0'))).toEqual([])
  })

  it('of the same sequence are named, unless no event can be a knock of both', () => {
    expect(about(two('sequence = 7000, 9000, 8000', 'sequence = 7000, 9000, 8000'))).toEqual([
      't.conf:5: rules a and b have the same sequence: the same knocks open both',
    ])
    expect(about(two('sequence = 7, 9, 8\nfrom = 192.0.2.0/24', 'sequence = 7, 9, 8\nfrom = 192.0.2.64/26'))).toHaveLength(1)
    expect(about(two('sequence = 7, 9, 8\nfrom = 192.0.2.0/24', 'sequence = 7, 9, 8\nfrom = 192.0.3.0/24'))).toEqual([])
    expect(about(two('sequence = 7, 9, 8\ntcpflags = syn', 'sequence = 7, 9, 8\ntcpflags = !syn'))).toEqual([])
  })

  it('where one is a prefix or a part of the other are named', () => {
    expect(about(two('sequence = 7000, 9000', 'sequence = 7000, 9000, 8000'))).toEqual([
      't.conf:5: the sequence of rule a is a prefix of that of rule b, so whoever knocks for b opens a on the way: change a port',
    ])
    expect(about(two('sequence = 7000, 9000, 8000', 'sequence = 7000, 8000'))).toEqual([expect.stringContaining('rule b is contained in that of rule a')])
    expect(about(two('sequence = 7000, 9000, 8000', 'sequence = 8000, 9000'))).toEqual([])
    expect(about(two('sequence = 7000, 9000', 'sequence = 7000:udp, 9000, 8000'))).toEqual([])
  })
})

it('more rules than anybody has are refused before every two of them are compared', () => {
  const many = (count: number): string => HEAD + Array.from({ length: count }, (_, number) => `[r${number}]\nsequence = 7000, 8000, ${number + 1}\nstart_command = true\n`).join('')
  expect(problems(many(1001))).toEqual(['t.conf:3002: rule r1000 is one of 1001: there may be 1000 at most; let several users share a rule'])
})

describe('warnings', () => {
  it.each([
    ['sequence = 7000, 8000, 9000', 'the ports 7000, 8000, 9000 are ascending'],
    ['sequence = 9000, 8000:udp, 7000', 'are descending'],
    ['sequence = 7000', 'opens after a single knock'],
    ['sequence = 9000, 443, 8000', 'port 443 is used by https'],
    ['sequence = 9000, 514:udp, 8000', 'port 514:udp is used by syslog'],
    ['sequence = 9000, 8000', 'leaves a guesser 29.0 bits'],
  ])('%s', (sequence, message) => {
    expect(warnings(`${HEAD}[a]\nstart_command = x\n${sequence}\n`)).toEqual([expect.stringContaining(message)])
  })

  it('ports without a firewall that could open them', () => {
    const [none = [], pf = [], ufw = []] = ['', 'firewall = pf', 'firewall = ufw'].map((key) => warnings(`${HEAD}${key}\n[a]\nports = 22\nsequence = 9000, 7000, 8000\n`))
    expect(none).toEqual([expect.stringContaining('has ports but no firewall')])
    expect(pf).toEqual([expect.stringContaining('add [firewall pf] with table')])
    expect(ufw).toEqual([])
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

describe('what a rule bears of guessers and floods', () => {
  it('has its defaults, and what is written', () => {
    expect(only(rule())).toMatchObject({ guard: {
      maxFailures: 10, maxRuleFailures: 0, failureWindow: 10 * MINUTE, lockout: 10 * MINUTE, trapPorts: [], maxOpens: 1200, maxGrants: 1000, coolDown: 0,
    } })
    const keys = ['max_failures = 3', 'max_rule_failures = 50', 'failure_window = 1h', 'lockout = 90s', 'trap_ports = 23, 5353/udp', 'max_opens = 6', 'max_grants = 2', 'cool_down = 1m']
    expect(only(rule(...keys))).toMatchObject({ guard: {
      maxFailures: 3, maxRuleFailures: 50, failureWindow: HOUR, lockout: 90 * SECOND, trapPorts: [{ proto: 'tcp', port: 23 }, { proto: 'udp', port: 5353 }], maxOpens: 6, maxGrants: 2, coolDown: MINUTE,
    } })
    expect([config(HEAD).scanPorts, config(`${HEAD}scan_ports = 0\n`).scanPorts]).toEqual([100, 0])
  })

  it.each([['max_failures = 1001'], ['lockout = 0'], ['failure_window = 0'], ['trap_ports = 0'], ['max_grants = -1'], ['cool_down = soon']])('refuses %s', (key) => {
    expect(problems(rule(key))).toHaveLength(1)
  })
})
