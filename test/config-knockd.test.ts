import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { FLAG_BITS } from '../parsers/event.ts'
import { HOUR, MILLISECOND, SECOND } from '../parsers/time.ts'
import { stepKey } from '../rules/rule.ts'
import type { Config } from '../src/config/config.ts'
import { config, problems, warnings } from './support/config.ts'

const { SYN, ACK, FIN } = FLAG_BITS

function fixture(name: string, readFile?: (path: string) => string): Config {
  return config(readFileSync(`test/fixtures/knockd/${name}.conf`, 'utf8'), readFile)
}

/** What a rule says, in short. */
function facts(read: Config): unknown[] {
  return read.rules.map(({ match, opens, sequences }) => ({
    name: match.name,
    steps: sequences[0]?.steps.map(stepKey).join(' '),
    seconds: match.seqTimeout / SECOND,
    flags: match.flags,
    start: opens.startCommand,
    stop: opens.stopCommand,
    openFor: opens.stopCommand === undefined ? undefined : opens.openFor / SECOND,
  }))
}

describe("the configurations of knockd's own man page", () => {
  it('a door to open and one to close', () => {
    expect(facts(fixture('two-doors'))).toEqual([
      { name: 'openSSH', steps: '7000/tcp 8000/tcp 9000/tcp', seconds: 10, flags: { set: SYN, clear: 0 }, start: '/sbin/iptables -A INPUT -s %IP% --dport 22 -j ACCEPT', stop: undefined, openFor: undefined },
      { name: 'closeSSH', steps: '9000/tcp 8000/tcp 7000/tcp', seconds: 10, flags: { set: SYN, clear: 0 }, start: '/sbin/iptables -D INPUT -s %IP% --dport 22 -j ACCEPT', stop: undefined, openFor: undefined },
    ])
  })

  it('a door that closes by itself', () => {
    expect(facts(fixture('timed'))).toEqual([
      {
        name: 'opencloseSSH', steps: '2222/udp 3333/tcp 4444/udp', seconds: 15, flags: { set: SYN | ACK, clear: 0 }, openFor: 5,
        start: '/usr/sbin/iptables -A INPUT -s %IP% -p tcp --syn -j ACCEPT', stop: '/usr/sbin/iptables -D INPUT -s %IP% -p tcp --syn -j ACCEPT',
      },
    ])
  })

  it('sequences used once', () => {
    const read = fixture('one-time', (path) => (path === '/etc/knockd/smtp_sequences' ? '# for mail\n#001,6002\n 6003,6004:udp\n 6005,6006\n' : ''))
    expect(facts(read)).toMatchObject([{ name: 'opencloseSMTP', steps: '6003/tcp 6004/udp', seconds: 15, flags: { set: FIN, clear: ACK }, openFor: 5 }])
    const rule = read.rules[0]?.match ?? expect.fail()
    const valid = (): string[] => rule.sequencesAt(SECOND).map(({ id }) => id)
    expect(read.rules[0]?.sequences.map(({ id }) => id)).toEqual(['line-3', 'line-4'])
    expect(valid()).toEqual(['line-3', 'line-4'])
    expect(rule.sequencesAt(SECOND)).toBe(rule.sequencesAt(HOUR))
    for (const expected of [['line-4'], [], []]) {
      for (const sequence of rule.sequencesAt(SECOND).slice(0, 1)) rule.onSpend?.(sequence.spend!)
      expect(valid()).toEqual(expected)
    }
    expect(rule.sequencesAt(SECOND)).toBe(rule.sequencesAt(HOUR))
  })

  it('a command for each family', () => {
    const read = fixture('both-families', () => ' 1,2,3\n')
    expect(read.rules[0]?.opens).toMatchObject({
      startCommand6: '/usr/sbin/ip6tables -A INPUT -s %IP% -p tcp --dport 25 -j ACCEPT',
      stopCommand6: '/usr/sbin/ip6tables -D INPUT -s %IP% -p tcp --dport 25 -j ACCEPT',
    })
  })
})

describe('the configurations that people run', () => {
  it("Debian's", () => {
    const read = fixture('debian')
    expect(facts(read)).toMatchObject([
      { name: 'openSSH', seconds: 5, flags: { set: SYN, clear: 0 } },
      { name: 'closeSSH', steps: '9000/tcp 8000/tcp 7000/tcp' },
      { name: 'openHTTPS', steps: '12345/tcp 54321/tcp 24680/tcp 13579/tcp', start: '/usr/local/sbin/knock_add -i -c INPUT -p tcp -d 443 -f %IP%' },
    ])
    expect(read.rules.every(({ match }) => match.reorder === 0 && match.otherPorts === 3)).toBe(true)
  })

  it.skipIf(!existsSync('/etc/knockd.conf'))("Debian's, where it is installed", () => {
    expect(facts(config(readFileSync('/etc/knockd.conf', 'utf8')))).toEqual(facts(fixture('debian')))
  })

  it("ArchWiki's", () => {
    expect(facts(fixture('archwiki'))).toEqual([
      {
        name: 'opencloseSSH', steps: '8881/tcp 7777/tcp 9991/tcp', seconds: 15, flags: { set: SYN | ACK, clear: 0 }, openFor: 10,
        start: '/usr/bin/iptables -A TCP -s %IP% -p tcp --dport 22 -j ACCEPT', stop: '/usr/bin/iptables -D TCP -s %IP% -p tcp --dport 22 -j ACCEPT',
      },
    ])
  })

  it('one with a second host behind', () => {
    expect(facts(fixture('two-hosts'))).toMatchObject([
      { name: 'SSH', steps: '26515/tcp 8924/tcp 58666/tcp 32342/tcp 5427/tcp', flags: { set: 0, clear: 0 }, openFor: 60 },
      { name: 'Osiris', start: '/conf/ssh %IP%', stop: '/conf/ssh_del', openFor: 60 },
    ])
    expect(fixture('two-hosts').warnings).toEqual([])
  })
})

const door = (...keys: string[]): string => `[options]\nUseSyslog\n[d]\nsequence = 9000,7000,8000\nstart_command = true\n${keys.join('\n')}\n`
const rule = (...keys: string[]) => config(door(...keys)).rules[0] ?? expect.fail('no rule')

/** A door's limit, below what the options say. */
function interfacesWith(option: string, key = ''): readonly string[] | undefined {
  return config(`[options]\nInterface = ${option}\n[d]\nsequence = 1,2\ncommand = x\n${key}\n`).rules[0]?.match.limits.interfaces
}

describe('read as knockd reads', () => {
  it('values are raw', () => {
    const { opens } = rule(`command = "/bin/a; b" # it's \\ all`, '  Stop_Command = x = y ; z  ')
    expect(opens).toMatchObject({ startCommand: `"/bin/a; b" # it's \\ all`, stopCommand: 'x = y ; z' })
  })

  it('defaults', () => {
    const { match, opens, target } = rule()
    expect(match).toMatchObject({ seqTimeout: 25 * SECOND, reorder: 0, flags: { set: 0, clear: 0 } })
    expect(opens).toMatchObject({ stopCommand: undefined, startCommand6: undefined, stopCommand6: undefined })
    expect(rule('stop_command = x').opens.openFor).toBe(10 * SECOND)
    expect(target).toBe('own')
  })

  it.each([
    ['SEQ_TIMEOUT = 7', { match: { seqTimeout: 7 * SECOND } }],
    ['timeout = 7', { match: { seqTimeout: 7 * SECOND } }],
    ['sequence = 1 : TCP , 2: udp,+007', { sequences: [{ steps: [{ port: 1, proto: 'tcp' }, { port: 2, proto: 'udp' }, { port: 7, proto: 'tcp' }] }] }],
    ['tcpflags = SYN,!Ack', { match: { flags: { set: SYN, clear: ACK } } }],
    ['target = 2001:DB8::0:1', { target: 'listed', match: { limits: { target: [{ text: '2001:db8::1' }] } } }],
    ['command_6 =', { opens: { startCommand6: '' } }],
    ['cmd_timeout = 100000\nstop_command = x', { opens: { openFor: 100_000 * SECOND, maxOpen: 100_000 * SECOND } }],
    ['cmd_timeout = 0\nstop_command = x', { opens: { openFor: MILLISECOND } }],
    ['useSYSLOG', { match: { name: 'd' } }],
  ])('%s', (key, expected) => {
    expect(rule(key)).toMatchObject(expected)
  })

  it('the last of duplicates, with a warning', () => {
    expect(rule('timeout = 3', 'seq_timeout = 4').match.seqTimeout).toBe(4 * SECOND)
    expect(warnings(door('timeout = 3', 'seq_timeout = 4'))).toContain('t.conf:7: seq_timeout: is set twice, first on line 6: as in knockd the last one counts')
  })

  it('doors of one name, and names that others could not bear', () => {
    const text = ['ssh', 'ssh', ' Tür $(x)', 'ssh', '-'].map((name, index) => `[${name}]\nsequence = ${9000 - index},${index + 1500},8000\ncommand = x`).join('\n')
    expect(config(text).rules.map(({ match }) => match.name)).toEqual(['ssh', 'ssh#2', 'door_T_r___x_', 'ssh#3', 'door-'])
    expect(warnings(text)).toContain('t.conf:4: there is a door ssh already: as in knockd both are used, this one is called ssh#2')
    expect(problems('[]\nsequence = 1,2\ncommand = x')).toEqual(['t.conf:1: "[]" needs a name: write [NAME]'])
  })

  it('its interface holds for every door', () => {
    expect(interfacesWith('eth1')).toEqual(['eth1'])
    expect(interfacesWith('any')).toBeUndefined()
    expect(interfacesWith('eth1', 'interface = wg0, eth2')).toEqual(['wg0', 'eth2'])
    expect(interfacesWith('eth1', 'interface = any')).toBeUndefined()
  })

  it('bytes that are no UTF-8 are no hindrance in comments, and are named in commands', () => {
    const latin1 = Buffer.from(door('# f\xfcr', 'stop_command = logger f\xfcr'), 'latin1').toString('utf8')
    expect(warnings(latin1)).toEqual([expect.stringContaining('t.conf:7: stop_command: is not UTF-8')])
    expect(problems(Buffer.from(door('target = \xfc'), 'latin1').toString('utf8'))).toContainEqual(expect.stringContaining('target: is not UTF-8'))
    expect(problems(Buffer.from(door('a\tb = \xfc'), 'latin1').toString('utf8'))).toContainEqual(expect.stringContaining('a\\x09b: is not UTF-8'))
  })

  it('a door without a command only logs', () => {
    expect(warnings('[d]\nsequence = 9000,7000,8000\n')).toEqual(['t.conf:1: rule d opens nothing: give it ports, start_command or closes'])
  })

  it('files of its own that log and lock are of no use', () => {
    expect(warnings('[options]\nlogfile = /x\nPidFile = /y\n[d]\nsequence = 9000,7000,8000\ncommand = x')).toHaveLength(2)
  })
})

describe("Knocktail's own keys and sections", () => {
  it('have their place beside', () => {
    const read = config(`[options]
firewall = nftables
STATE_DIR = /srv/knock
[source kernel]
follow = kmsg
prefix = "knock: "
[firewall nftables]
set4 = inet filter knock4
[ssh]
sequence = 9000,GET /9c1f70ab42e6d853,8000
reorder = any
other_ports = 0
ports = 22/tcp
open_for = 2m
max_open = 1h
`)
    expect(read).toMatchObject({ style: 'knockd', firewall: 'nftables', stateDir: '/srv/knock', sources: [{ name: 'kernel', prefix: 'knock: ' }] })
    expect(read.rules[0]).toMatchObject({ match: { reorder: 'any', otherPorts: 0 }, opens: { ports: [{ port: 22 }], openFor: 120 * SECOND, maxOpen: HOUR } })
    expect(read.warnings).toEqual([])
  })
})

describe('what knockd refuses or would silently misread', () => {
  it.each([
    ['sequence = abc,1', '"abc" is no step'],
    ['sequence = 7000,-1', '"-1" is no step'],
    ['sequence = 0,1', '"0" is no step'],
    ['sequence = 1,2 # x', '"2 # x" is no step'],
    ['sequence = 1,2,', 'an empty step'],
    ['sequence = 70000,1', '"70000" is no step'],
    ['sequence = 1:,2', '"1:" is no step'],
    ['seq_timeout = abc', 'is no number of seconds'],
    ['seq_timeout = 0', 'would let no sequence ever complete'],
    ['seq_timeout = 1m', 'is no number of seconds'],
    ['cmd_timeout = x', 'is no number of seconds'],
    ['tcpflags = syn, ack', '" ack" is no TCP flag'],
    ['tcpflags =', '"" is no TCP flag'],
    ['target = 192.0.2.0/24', 'one literal address'],
    ['logfile = /x', 'unknown key "logfile" in [d]'],
    ['; note', '"; note" is neither'],
    ['usesyslog = 1', 'takes no value'],
    ['flag', '"flag" is neither'],
    ['= x', 'unknown key ""'],
    ['command = a\u0000b', 'control character'],
    [`command = ${'x'.repeat(4100)}`, 'longer than 4094 bytes'],
    ['open_for = 3s\ncmd_timeout = 3', 'says the same as cmd_timeout'],
    ['one_time_sequences = /x', 'both sequence and one_time_sequences'],
    ['[Options]\nlogfile = /x\nsequence = 1,2', 'unknown key "logfile" in [Options]'],
    ['[e]\ncommand = x', 'neither sequence nor one_time_sequences'],
    ['[source s]\nfollow = kmsg', 'needs a prefix'],
    ['[source s]\nfollow = stdin ; x', 'has ; or #, which begins a comment'],
  ])('%s', (key, message) => {
    expect(problems(door(key)).filter((problem) => problem.includes(message))).toHaveLength(1)
  })

  it('a key before the first section', () => {
    expect(problems('sequence = 1,2\nseq_timeout = 5\n')).toEqual([expect.stringContaining('"sequence = 1,2" stands before the first section')])
  })
})

const list = (head: string, text: string): [string, () => string] => [`${head}[d]\none_time_sequences = list\nstart_command = x\n`, () => text]

function missing(): never {
  throw new Error('no such file')
}

describe('a list of one-time sequences', () => {
  it('with lines that cannot be read: knockd passes over them, a native file may not have them', () => {
    const text = ' 9000,1500,8000\n 99999,1\n\n 9000,1500,8000\n'
    expect(config(...list('', text)).rules[0]?.sequences.map(({ id }) => id)).toEqual(['line-1'])
    expect(warnings(...list('', text))).toEqual([
      expect.stringMatching(/^t.conf:2: one_time_sequences: ".*list" has only 1 unused; add some$/),
      expect.stringMatching(/list:2: the line is no sequence: write ports from 1 to 65535/),
      expect.stringMatching(/list:4: the sequence is the same as on line 1/),
    ])
    expect(problems(...list('[knocktail]\n', text))).toEqual([expect.not.stringContaining('99999')])
  })

  it('that is used up opens nothing, but does not stop the daemon', () => {
    expect(warnings(...list('', '#1,2\n'))).toEqual([expect.stringContaining('has no unused sequence: nothing can open rule d')])
  })

  it.each([[2, 'has only 2 unused; add some'], [3, undefined]])('with %i left is told of while there is one to come in by', (count, expected) => {
    const text = [9000, 1500, 8000].slice(0, count).map((port) => `${port},4444,2222\n`).join('')
    expect(warnings(...list('', text)).find((line) => line.includes('unused'))).toEqual(expected === undefined ? undefined : expect.stringContaining(expected))
    expect(warnings(list('', '')[0].replace('start', 'warn_below = 1\nstart'), () => text).find((line) => line.includes('unused'))).toBeUndefined()
  })

  it.each([
    ['3000,4000\n1,2\n4000,3000\n', '500ms', 'the sequence on line 3 of its list is the ports of the one on line 1 in another order, and swaps are tolerated'],
    ['3000,4000\n1,2\n4000,3000\n', '0', undefined],
    ['3000,4000\n1,2\n3000,4000\n', 'any', undefined],
    ['#3000,4000\n1,2\n4000,3000\n', 'any', undefined],
    ['3000,4000\n4000:udp,3000\n', 'any', undefined],
  ])('%j with reorder %s', (text, reorder, expected) => {
    const all = problems(list('', '')[0].replace('start', `reorder = ${reorder}\nstart`), () => text)
    expect(all).toEqual(expected === undefined ? [] : [expect.stringContaining(expected)])
  })

  it('that cannot be read is an error of the line that names it', () => {
    expect(problems(list('', '')[0], missing)).toEqual([expect.stringMatching(/^t.conf:2: one_time_sequences: ".*\/list" cannot be read: no such file$/)])
  })
})

it('takes [KNOCKTAIL] for a misspelt [knocktail]', () => {
  expect(problems('[KNOCKTAIL]\nfirewall = null\n[ssh]\nsequence = 1234,2345\n')[0]).toBe(
    "t.conf:1: [KNOCKTAIL]: the section that makes a file Knocktail's own is [knocktail], in lower case",
  )
})

it('limits nothing that knockd does not', () => {
  const { rules, scanPorts } = config('[d]\nsequence = 7000,8000\ncommand = x\n')
  expect([scanPorts, rules[0]?.guard]).toMatchObject([0, { maxFailures: 0, maxRuleFailures: 0, maxOpens: 0, maxGrants: 0, coolDown: 0, trapPorts: [] }])
  expect(config('[options]\nscan_ports = 50\n[d]\nsequence = 7000,8000\ncommand = x\nmax_failures = 5\n')).toMatchObject({ scanPorts: 50, rules: [{ guard: { maxFailures: 5 } }] })
})
