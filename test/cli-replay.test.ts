import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { kernelLine, kernelLog, knocks, webLine, type LoggedPacket } from './support/log-lines.ts'
import { jsonLines, run, useFolder, type Ran } from './support/run.ts'

const A = '192.0.2.2'
const B = '198.51.100.7'

const folder = useFolder()
let files = 0

function file(content: string): string {
  return folder.write(`f${files++}`, content)
}

async function replay(config: string, log: string | readonly LoggedPacket[], ...options: string[]): Promise<Ran> {
  const text = typeof log === 'string' ? log : kernelLog(log)
  return run(['replay', '-c', file(config), '--parser', 'kernel', ...options, file(text)])
}

/** `open ssh 192.0.2.2 00.800 until 30.800`: minutes are shown only where they are not 0. */
function told({ stdout }: Ran): string[] {
  return jsonLines(stdout).map(({ event, rule, address, time, until, by }) => {
    const ends = until === undefined ? '' : ` until ${clock(until)}`
    return `${String(event)} ${String(rule)} ${String(address)} ${clock(time)}${ends}${by === undefined ? '' : ` by ${String(by)}`}`
  })
}

function clock(time: unknown): string {
  if (typeof time !== 'string') return String(time)
  return /^2026-07-04T12:(?:00:)?(.+)000Z$/.exec(time)?.[1] ?? time
}

async function happenings(config: string, log: string | readonly LoggedPacket[]): Promise<string[]> {
  const ran = await replay(config, log, '--json')
  expect(ran.code).toBe(0)
  return told(ran)
}

/** Both open for 30 seconds. */
const STYLES: readonly (readonly [name: string, config: (reorder: string) => string])[] = [
  ['a knockd.conf', (reorder) => `[options]
    logfile = /var/log/knockd.log
[ssh]
    sequence      = 7000,8000,9000
    seq_timeout   = 25
    tcpflags      = syn
    start_command = /sbin/iptables -I INPUT -s %IP% -p tcp --dport 22 -j ACCEPT
    stop_command  = /sbin/iptables -D INPUT -s %IP% -p tcp --dport 22 -j ACCEPT
    cmd_timeout   = 30
    ${reorder === '0' ? '' : `reorder = ${reorder}`}
[web]
    sequence      = 5000,6000
    tcpflags      = syn
    start_command = /bin/true
    stop_command  = /bin/false
    cmd_timeout   = 30
`],
  ['a native file', (reorder) => `[knocktail]
firewall = null
[ssh]
sequence = 7000, 8000, 9000
ports = 22/tcp
open_for = 30s
reorder = ${reorder}
[web]
sequence = 5000, 6000
ports = 80/tcp
open_for = 30s
reorder = 0
`],
]

const scan = Array.from({ length: 2201 }, (_, index) => 6900 + index)
const once = (atMs: string): string[] => [`open ssh ${A} ${atMs} until ${(Number(atMs) + 30).toFixed(3)}`]

describe.each(STYLES)("sequence 7000, 8000, 9000, by %s", (_name, config) => {
  it.concurrent.each<[string, LoggedPacket[], reorder: string, opens: string[]]>([
    ['7000 8000 9000', knocks([7000, 8000, 9000]), '0', once('00.800')],
    ['7000 9000 8000, gaps 0.05 s', knocks([7000, 9000, 8000], 50), '500ms', once('00.100')],
    ['7000 9000 8000, gaps 2 s', knocks([7000, 9000, 8000], 2000), '1s', []],
    ['9000 8000 7000, one stamp', knocks([9000, 8000, 7000], 0), '0', []],
    ['9000 8000 7000, gaps 2 s', knocks([9000, 8000, 7000], 2000), 'any', once('04.000')],
    ['7000 7000 8000 9000', knocks([7000, 7000, 8000, 9000]), '0', once('01.200')],
    ['7000 8000 8000 9000', knocks([7000, 8000, 8000, 9000]), '0', once('01.200')],
    ['7000 8000 7000 9000', knocks([7000, 8000, 7000, 9000]), '0', once('01.200')],
    ['7000 9000 7000 8000 9000', knocks([7000, 9000, 7000, 8000, 9000]), '0', once('01.600')],
    ['9000 7000 8000 9000', knocks([9000, 7000, 8000, 9000]), '0', once('01.200')],
    ['9000 8000 7000 8000 9000', knocks([9000, 8000, 7000, 8000, 9000]), '0', once('01.600')],
    ['7000 7000 8000 8000 9000 9000', knocks([7000, 7000, 8000, 8000, 9000, 9000]), '0', once('01.600')],
    ['7000 9000 8000 7000 9000', knocks([7000, 9000, 8000, 7000, 9000]), '0', []],
    ['7000 22 8000 22 9000', knocks([7000, 22, 8000, 22, 9000]), '0', once('01.600')],
    ['7000 8000 by A, 9000 by B', [...knocks([7000, 8000]), { at: 800, port: 9000, src: B }], '0', []],
    ['A and B interleaved', [7000, 8000, 9000].flatMap((port, i) => [{ at: i * 400, port }, { at: i * 400 + 10, port, src: B }]), '0',
      [...once('00.800'), `open ssh ${B} 00.810 until 30.810`]],
    ['a knock of another rule in between', knocks([7000, 5000, 8000, 9000, 6000]), '0',
      [`open ssh ${A} 01.200 until 31.200`, `open web ${A} 01.600 until 31.600`]],
    ['lines out of the order of their stamps', [{ at: 800, port: 9000 }, { at: 0, port: 7000 }, { at: 400, port: 8000 }], '0', once('00.800')],
    ['every port ascending', knocks(scan, 1), '500ms', []],
    ['every port shuffled', knocks(scan.toSorted((a, b) => ((a * 7919) % 2203) - ((b * 7919) % 2203)), 1), 'any', []],
    ['the sequence again', [...knocks([7000, 8000, 9000]), ...knocks([7000, 8000, 9000], 400, { at: 10_000 })], '0',
      [...once('00.800'), `extend ssh ${A} 10.800 until 40.800`]],
    ['the same packets after 1, 3, 7, 15 s',
      [0, 1, 3, 7, 15].flatMap((later) => knocks([7000, 8000, 9000], 10, { at: later * 1000 }).map((knock, i) => ({ ...knock, sport: 4000 + i }))),
      '500ms', once('00.020')],
  ])('%s', async (_row, log, reorder, expected) => {
    const all = await happenings(config(reorder), log)
    expect(all.filter((line) => /^(?:open|extend) /.test(line))).toEqual(expected)
    expect(all.filter((line) => line.startsWith('close '))).toHaveLength(expected.filter((line) => line.startsWith('open')).length)
  })
})

const native = (rules: string, globals = ''): string => `[knocktail]\nfirewall = null\n${globals}\n${rules}`
const SSH = '[ssh]\nsequence = 7000, 8000, 9000\nports = 22/tcp\nopen_for = 30s\n'

describe('JSON', () => {
  it('is one object a line, with these fields in this order', async () => {
    const log = [...knocks([7000, 8000, 9000]), ...knocks([7000, 8000, 9000], 400, { at: 5000 })]
    const { stdout, code } = await replay(native(SSH), log, '--json')
    expect(stdout).toBe([
      '{"event":"open","rule":"ssh","address":"192.0.2.2","time":"2026-07-04T12:00:00.800000Z","until":"2026-07-04T12:00:30.800000Z"}',
      '{"event":"extend","rule":"ssh","address":"192.0.2.2","time":"2026-07-04T12:00:05.800000Z","until":"2026-07-04T12:00:35.800000Z"}',
      '{"event":"close","rule":"ssh","address":"192.0.2.2","time":"2026-07-04T12:00:35.800000Z"}',
      '',
    ].join('\n'))
    expect(code).toBe(0)
  })

  it('tells at which step an attempt failed, what was expected and what came', async () => {
    const { stdout } = await replay(native(`${SSH}reorder = 0\n`), knocks([7000, 8000, 7000, 9000, 7000, 9000]), '--json')
    expect(jsonLines(stdout).filter(({ event }) => event === 'failure')).toEqual([{
      event: 'failure', rule: 'ssh', address: A, time: '2026-07-04T12:00:02.000000Z', step: 2, steps: 3, expected: '8000/tcp', got: '9000/tcp',
    }])
  })
})

describe('order', () => {
  it('opens, extensions and closes by the time of the log, what is left at the end at its time', async () => {
    const log = [
      ...knocks([7000, 8000, 9000]), ...knocks([7000, 8000, 9000], 400, { at: 40_000, src: B }), ...knocks([7000, 8000, 9000], 400, { at: 45_000 }),
    ]
    expect(await happenings(native(SSH), log)).toEqual([
      `open ssh ${A} 00.800 until 30.800`, `close ssh ${A} 30.800`,
      `open ssh ${B} 40.800 until 01:10.800`, `open ssh ${A} 45.800 until 01:15.800`,
      `close ssh ${B} 01:10.800`, `close ssh ${A} 01:15.800`,
    ])
  })

  it('what is left closes in the order of its ends, not of its beginnings', async () => {
    const rules = `${SSH}[web]\nsequence = 5000, 6000\nports = 80/tcp\nopen_for = 5s\n`
    expect(await happenings(native(rules), [...knocks([7000, 8000, 9000]), ...knocks([5000, 6000], 400, { at: 2000 })])).toEqual([
      `open ssh ${A} 00.800 until 30.800`, `open web ${A} 02.400 until 07.400`, `close web ${A} 07.400`, `close ssh ${A} 30.800`,
    ])
  })

  it('what ends between two lines closes in the order of its ends too', async () => {
    const rules = `${SSH}[web]\nsequence = 5000, 6000\nports = 80/tcp\nopen_for = 5s\n`
    const log = [...knocks([7000, 8000, 9000]), ...knocks([5000, 6000], 400, { at: 2000 }), ...knocks([5000, 6000], 400, { at: 3000, src: B }), { at: 60_000, port: 22 }]
    expect((await happenings(native(rules), log)).slice(3)).toEqual([`close web ${A} 07.400`, `close web ${B} 08.400`, `close ssh ${A} 30.800`])
  })

  it('a match that is read too late is over at once', async () => {
    const log = [...knocks([7000, 8000]), { at: 120_000, port: 22 }, { at: 800, port: 9000 }]
    expect(await happenings(native(SSH), log)).toEqual([`open ssh ${A} 00.800 until 30.800`, `close ssh ${A} 30.800`])
  })
})

describe('grants', () => {
  it('max_open caps extensions', async () => {
    const log = [0, 20, 40].flatMap((at) => knocks([7000, 8000, 9000], 400, { at: at * 1000 }))
    expect(await happenings(native(`${SSH}max_open = 45s\n`), log)).toEqual([
      `open ssh ${A} 00.800 until 30.800`, `extend ssh ${A} 20.800 until 45.800`, `extend ssh ${A} 40.800 until 45.800`, `close ssh ${A} 45.800`,
    ])
  })

  it('closes = RULE ends that rule\'s grant of the same address only', async () => {
    const rules = `${SSH}[shut]\nsequence = 9100, 8100, 7100\ncloses = ssh\n`
    const both = [A, B].flatMap((src, index) => knocks([7000, 8000, 9000], 100, { src, at: index * 10 })).toSorted((a, b) => a.at - b.at)
    expect(await happenings(native(rules), [...both, ...knocks([9100, 8100, 7100], 100, { at: 5000 })])).toEqual([
      `open ssh ${A} 00.200 until 30.200`, `open ssh ${B} 00.210 until 30.210`,
      `close ssh ${A} 05.200 by shut`, `close ssh ${B} 30.210`,
    ])
  })

  it('a start_command without stop_command is run once a match, until null', async () => {
    const config = '[log]\nsequence = 7000,8000\nstart_command = /bin/logger %IP%\n'
    const ran = await replay(config, [...knocks([7000, 8000]), ...knocks([7000, 8000], 400, { at: 3000 })], '--json')
    expect(told(ran)).toEqual([`open log ${A} 00.400 until null`, `open log ${A} 03.400 until null`])
    const story = await replay(config, knocks([7000, 8000]))
    expect(story.stdout).toContain('ran /bin/logger %IP%\n')
  })

  it("IPv6 has IPv4's commands, its own, or by an empty one none", async () => {
    const six = '2001:db8::7'
    const door = (more: string): string => `[d]\nsequence = 7000,8000\nstart_command = four\nstop_command = gone\n${more}`
    const log = [...knocks([7000, 8000]), ...knocks([7000, 8000], 400, { src: six, at: 10 })]
    const opened = async (more: string): Promise<string[]> => (await replay(door(more), log)).stdout.match(/(?:opened by|ran) \w+/g) ?? []
    expect(await opened('')).toEqual(['opened by four', 'opened by four'])
    expect(await opened('start_command_6 = six\nstop_command_6 = gone6\n')).toEqual(['opened by four', 'opened by six'])
    expect(await opened('start_command_6 = six\nstop_command_6 =\n')).toEqual(['opened by four', 'ran six'])
    expect(await opened('start_command_6 =\n')).toEqual(['opened by four'])
  })

  it('an address in always_allow needs none, one in never_open and loopback get none', async () => {
    const globals = 'always_allow = 198.51.100.0/24\nnever_open = 203.0.113.7\n'
    const log = [A, B, '203.0.113.7', '127.0.0.9'].flatMap((src, index) => knocks([7000, 8000, 9000], 100, { src, at: index * 1000 }))
    const { stdout } = await replay(native(SSH, globals), log, '--json')
    expect(jsonLines(stdout).map(({ event, address, why }) => [event, address, why].filter(Boolean).join(' '))).toEqual([
      `open ${A}`, `allowed ${B}`, 'refused 203.0.113.7 never_open 203.0.113.7', 'refused 127.0.0.9 loopback', `close ${A}`,
    ])
  })

  it('expires very many at once', async () => {
    const config = native('[one]\nsequence = 7000\nports = 22/tcp\nopen_for = 8h\nmax_opens = 0\nmax_grants = 0\n')
    const count = 150_000
    const lines = Array.from({ length: count }, (_, i) => kernelLine({ at: i / 10, port: 7000, src: `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`, sport: 1 }))
    const args = ['replay', '-c', file(config), '--parser', 'kernel', '--json', file(`${lines.join('\n')}\n`)]
    const { stdout, code } = await run(args, { limitMs: 50_000 })
    expect(code).toBe(0)
    expect(stdout.match(/"event":"close"/g)).toHaveLength(count)
  }, 60_000)
})

describe('one_time_sequences', () => {
  it('takes them in turn, none twice, none before a used one, and leaves the file alone', async () => {
    const list = ' 7000,8000\n# a comment\n 7001,8001\n 7002,8002\n 7003,8003\n'
    const path = file(list)
    const config = `[ots]\none_time_sequences = ${path}\nstart_command = /bin/true\nstop_command = /bin/false\ncmd_timeout = 5\n`
    const log = [[7003, 8003], [7001, 8001], [7000, 8000], [7001, 8001], [7003, 8003], [7003, 8003], [7002, 8002]].flatMap((ports, i) => knocks(ports, 100, { at: i * 30_000 }))
    expect((await happenings(config, log)).filter((line) => line.startsWith('open'))).toEqual([
      `open ots ${A} 30.100 until 35.100`, `open ots ${A} 02:00.100 until 02:05.100`,
    ])
    expect(readFileSync(path, 'utf8')).toBe(list)
  })
})

describe('several logs', () => {
  const config = native('[mixed]\nsequence = 7000, GET /door, 9000:udp\nports = 22/tcp\nreorder = 0\n')

  async function merged(packets: LoggedPacket[], web: string, order: 'kernel first' | 'web first' = 'kernel first'): Promise<string[]> {
    const logs = [`parser=kernel:${file(kernelLog(packets))}`, `parser=clf:${file(web)}`]
    const ran = await run(['replay', '-c', file(config), '--json', ...(order === 'kernel first' ? logs : logs.toReversed())])
    expect(ran.code).toBe(0)
    return told(ran).filter((line) => line.startsWith('open'))
  }

  it.each(['kernel first', 'web first'] as const)('a web step among ports, its stamp in whole seconds, %s', async (order) => {
    const packets: LoggedPacket[] = [{ at: 10_400, port: 7000 }, { at: 10_900, port: 9000, proto: 'UDP' }]
    expect(await merged(packets, `${webLine(10_700, '/door')}\n`, order)).toEqual([`open mixed ${A} 10.900 until 40.900`])
  })

  it('but not when the web step was more than that second early, or another path, or refused', async () => {
    const packets: LoggedPacket[] = [{ at: 12_400, port: 7000 }, { at: 12_900, port: 9000, proto: 'UDP' }]
    expect(await merged(packets, `${webLine(10_700, '/door')}\n`)).toEqual([])
    expect(await merged(packets, `${webLine(12_700, '/door?')}\n`)).toEqual([])
    expect(await merged(packets, `${webLine(12_700, '/door', { status: 400 })}\n`)).toEqual([])
  })

  it('are merged by time, whatever the order of the arguments', async () => {
    const parts = [knocks([7000]), [{ at: 400, port: 8000 }], [{ at: 800, port: 9000 }]].map((packets) => file(kernelLog(packets)))
    for (const logs of [parts, parts.toReversed()]) {
      const ran = await run(['replay', '-c', file(native(SSH)), '--json', ...logs])
      expect(told(ran)).toEqual([`open ssh ${A} 00.800 until 30.800`, `close ssh ${A} 30.800`])
    }
  })

  it('what happens in one is told between what happens in the other', async () => {
    const rounds = (src: string, from: number): string => file(kernelLog([0, 1, 2].flatMap((n) => knocks([7000, 8000, 9000], 100, { src, at: from + n * 100_000 }))))
    const ran = await run(['replay', '-c', file(native(SSH)), '--json', rounds(A, 50_000), rounds(B, 0)])
    expect(jsonLines(ran.stdout).map(({ event, address }) => `${String(event)} ${String(address)}`)).toEqual(
      [0, 1, 2].flatMap(() => [`open ${B}`, `close ${B}`, `open ${A}`, `close ${A}`]),
    )
  })

  it('an empty one, rotated just now, does not keep the others from being read', async () => {
    const ran = await run(['replay', '-c', file(native(SSH)), '--json', file(kernelLog(knocks([7000, 8000, 9000]))), file('')])
    expect([told(ran)[0], ran.code]).toEqual([`open ssh ${A} 00.800 until 30.800`, 0])
    expect(ran.stderr).toMatch(/\/f\d+ is empty\n/)
  })
})

describe('the story', () => {
  it('is told on standard output, the summary on standard error', async () => {
    const log = [
      ...knocks([7000, 8000, 9000]), ...knocks([7000, 9000], 400, { src: B, at: 2000 }), ...knocks([7000, 8000, 9000], 400, { at: 5000 }),
      ...knocks([7000, 8000], 400, { src: '203.0.113.5', at: 6000 }),
    ]
    const text = `${kernelLog(log)}2026-07-04T12:00:07+00:00 gate sshd[7]: hello\n`
    const { stdout, stderr, code } = await replay(native(`${SSH}reorder = 0\n`), text)
    expect(code).toBe(0)
    expect(stdout.split('\n')).toEqual([
      '2026-07-04 12:00:00.800Z  ssh  192.0.2.2        opened 22/tcp for 30s',
      '2026-07-04 12:00:02.400Z  ssh  198.51.100.7     failed at step 2 of 3, 8000/tcp: 9000/tcp came instead',
      '2026-07-04 12:00:05.800Z  ssh  192.0.2.2        knocked again: open for 30s from now',
      expect.stringMatching(/^2026-07-04 12:00:.* {2}ssh {2}203\.0\.113\.5 {6}failed at step 3 of 3, 9000\/tcp: it did not come in time$/),
      '2026-07-04 12:00:35.800Z  ssh  192.0.2.2        closed',
      '',
    ])
    expect(stderr).toMatch(/f\d+: 11 lines, 10 understood \(91 %\)\n {9}1 {2}written by another program\n/)
    expect(stderr).toContain('ssh: 4 attempts, 1 opened, 1 extended, 1 failed at step 2, 1 not completed in time\n')
  })

  it('counts every rule, also those that nobody knocked at', async () => {
    const { stderr } = await replay(native(`${SSH}[web]\nsequence = 5000, 6000\nports = 80/tcp\n`), knocks([7000, 8000, 9000]))
    expect(stderr).toContain('ssh: 1 attempt, 1 opened\nweb: 0 attempts, 0 opened\n')
  })

  it('has no colour in a pipe, whatever the environment says of CI', async () => {
    const conf = file(native(SSH))
    const log = file(kernelLog(knocks([7000, 8000, 9000])))
    for (const env of [{}, { CI: '1' }, { NO_COLOR: '1' }, { FORCE_COLOR: '1' }, { TERM: 'xterm-256color' }]) {
      const { stdout } = await run(['replay', '-c', conf, log], { env })
      expect(stdout).toContain('opened 22/tcp')
      expect(stdout).not.toContain('\u001b')
    }
  })
})
