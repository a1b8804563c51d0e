import { describe, expect, it } from 'vitest'
import { loadConfig } from '../src/config/load.ts'
import { config, problems } from './support/config.ts'
import { HEAD, rule } from './support/native-config.ts'

/** What the native reader refuses, all at once, each with its line. */

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
