import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { eventually } from './support/eventually.ts'
import { ended, jsonLines, run, start, useFolder, type Ran } from './support/run.ts'

/** What the client does as a program, over loopback: nothing here needs rights. */

const folder = useFolder()
const env = { XDG_CONFIG_HOME: folder.path }
const home = join(folder.path, 'knocktail')
mkdirSync(home)

function keep(name: string, text: string, mode = 0o600): string {
  writeFileSync(join(home, name), text, { mode })
  chmodSync(join(home, name), mode)
  return join(home, name)
}

const LIST = Array.from({ length: 4 }, (_, index) => `${7001 + index}:udp, 8000:udp\n`).join('')
keep('home.secret', 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n')
keep('profiles.conf', `[gate]
host = 127.0.0.1
sequence = 17001:udp, 17002
wait_port = 1
[made]
sequence = hmac
secret = home.secret
host_id = gate
rule = ssh
user = alice
proto = udp
[list]
sequence = one-time
one_time_sequences = one.list
`)

const knock = (args: readonly string[], options: Parameters<typeof run>[1] = {}): Promise<Ran> => run(['knock', ...args], { env, ...options })

const servers: Server[] = []
afterAll(() => servers.forEach((server) => server.close()))

async function serve(onConnect: (socket: Socket) => void): Promise<string> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    onConnect(socket)
  }).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return String((server.address() as AddressInfo).port)
}

/** A port at which nobody listens. */
async function silentPort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return String(port)
}

describe('a command line that is wrong', () => {
  it.each<[string, string[], string]>([
    ['no host', [], "error: missing required argument 'host'"],
    ['nothing to knock', ['localhost'], `what is to be knocked at "localhost"? Give ports, or a profile of ${home}/profiles.conf, which has none of that name`],
    ['an unknown profile', ['localhost', 'gat'], `there is no profile "gat"; did you mean "gate"?: ${home}/profiles.conf has gate, made, list`],
    ['a port beyond', ['localhost', '7000', '70000'], '"70000" is no step'],
    ['a profile among ports', ['localhost', '7000', 'gate'], '"gate" is no step'],
    ['both families', ['-4', '-6', 'localhost', '1'], '-4 and -6 leave no family'],
    ['two uses of the connection', ['localhost', '1', '--proxy', '22', '--then', 'true'], '--proxy and --then cannot both have the connection'],
    ['JSON into the connection', ['localhost', '1', '--json', '--proxy', '22'], '--proxy needs standard output'],
    ['JSON and a command', ['localhost', '1', '--json', '--then', 'true'], '--then leaves standard output to the command'],
    ['no time for a proxy', ['localhost', '1', '--proxy', '22', '--wait', '0'], '--wait 0 leaves it no time'],
    ['a command that is missing', ['localhost', '1', '--then'], "error: option '--then <command...>' argument missing"],
    ['a span that is none', ['localhost', '1', '--delay', 'soon'], '--delay: "soon" is no duration'],
    ['a span without end', ['localhost', '1', '--wait', '2h'], '--wait: 2h is longer than an hour'],
    ['a port that is none', ['localhost', '1', '--wait-port', 'ssh'], '--wait-port: "ssh" is no port'],
    ['a look at what is sent', ['localhost', '1', '--reveal'], '--reveal belongs to --dry-run'],
    ['controls', ['localhost', '\u001b[2J'], '"\\x1b[2J"'],
  ])('%s', async (_, args, message) => {
    const { code, stdout, stderr } = await knock(args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(message)
  })

  it('profiles that are wrong, or named and not there', async () => {
    const path = folder.write('bad.conf', '[a]\nsequence = 1, abc\n[b]\n')
    const { code, stderr } = await knock(['localhost', 'a', '--profiles', path])
    expect([code, stderr.match(/:\d+: /g)]).toEqual([78, [':2: ', ':3: ']])
    expect((await knock(['localhost', 'a', '--profiles', '/nowhere'])).code).toBe(78)
  })
})

describe('a host that cannot be reached', () => {
  it.each([
    ['no such name', ['nobody.invalid', '1'], /"nobody\.invalid" does not resolve: /],
    ['no such family', ['-6', '127.0.0.1', '1'], /"127\.0\.0\.1" has no IPv6 address/],
    ['no way', ['255.255.255.255', '1'], /there is no way to 255\.255\.255\.255: 255\.255\.255\.255: permission denied/],
  ])('%s', async (_, args, message) => {
    const { code, stderr } = await knock(args)
    expect(code).toBe(1)
    expect(stderr).toMatch(message)
  })

  it('a port that refuses is none such', async () => {
    const { code, stderr } = await knock(['127.0.0.1', '1', '2', '3:udp'])
    expect([code, stderr]).toEqual([0, 'knocked 3 times at 127.0.0.1, from 127.0.0.1\n'])
  })
})

describe('--dry-run', () => {
  it('shows what was typed', async () => {
    expect((await knock(['127.0.0.1', '7000', '8000/udp', '--delay', '1s', '--dry-run'])).stdout).toBe('would knock at 127.0.0.1, from 127.0.0.1, 1000 ms apart:\n  1  7000/tcp\n  2  8000/udp\n')
    expect((await knock(['-u', '127.0.0.1', '7000', '--dry-run', '--then', 'ssh', '-v', '127.0.0.1'])).stdout).toContain('  1  7000/udp\nthen wait for port 22, and run ssh -v 127.0.0.1\n')
  })

  it('hides what makes up a profile\'s sequence, unless it is asked for', async () => {
    const { stdout } = await knock(['gate', '--dry-run'])
    expect(stdout).toContain('  1  udp\n  2  tcp\n')
    expect(stdout).not.toContain('1700')
    expect((await knock(['gate', '--dry-run', '--reveal'])).stdout).toContain('  1  17001/udp\n  2  17002/tcp\n')
    const [hidden, shown] = await Promise.all([[], ['--reveal']].map(async (more) => jsonLines((await knock(['localhost', '-4', 'made', '--dry-run', '--json', ...more])).stdout)[0]!))
    expect(hidden).toMatchObject({ event: 'would-knock', host: 'localhost', address: '127.0.0.1', profile: 'made', kind: 'hmac', steps: Array.from({ length: 5 }, () => ({ proto: 'udp' })) })
    expect((shown!['steps'] as { port: number }[]).every(({ port }) => port >= 10_000 && port < 60_000)).toBe(true)
  })

  it('uses nothing up', async () => {
    const path = keep('one.list', LIST)
    expect((await knock(['127.0.0.1', 'list', '--dry-run'])).stdout).toContain('one-time sequences left then: 3\n')
    expect(readFileSync(path, 'utf8')).toBe(LIST)
  })
})

describe('what is sent', () => {
  it('arrives in order, UDP as one byte each, each from a port of its own', async () => {
    const heard: { index: number; bytes: number; from: number }[] = []
    const sockets = await Promise.all([0, 1, 2].map(async (index) => {
      const socket = createSocket('udp4', (message, { port }) => heard.push({ index, bytes: message.length, from: port })).bind(0, '127.0.0.1')
      await once(socket, 'listening')
      return socket
    }))
    const ports = [2, 0, 1].map((index) => String(sockets[index]!.address().port))
    expect((await knock(['127.0.0.1', '-u', ...ports, '--delay', '0', '--quiet'])).stderr).toBe('')
    await eventually(() => expect(heard.map(({ index, bytes }) => [index, bytes])).toEqual([[2, 1], [0, 1], [1, 1]]))
    expect(new Set(heard.map(({ from }) => from)).size).toBe(3)
    sockets.forEach((socket) => socket.close())
  })

  it('of a one-time list is marked used before, and people are told when it runs low', async () => {
    const path = keep('one.list', LIST)
    expect((await knock(['127.0.0.1', 'list'])).stderr).toBe('knocked twice at 127.0.0.1, from 127.0.0.1; one-time sequences left: 3, get a new list\n')
    expect(jsonLines((await knock(['127.0.0.1', 'list', '--json'])).stdout)).toEqual([{ event: 'knocked', host: '127.0.0.1', address: '127.0.0.1', source: '127.0.0.1', knocks: 2, left: 2 }])
    expect(readFileSync(path, 'utf8')).toBe(LIST.replaceAll(/^(700[12])/gm, '#$1'))
    keep('one.list', '#7000\n')
    expect(await knock(['127.0.0.1', 'list'])).toMatchObject({ code: 1, stderr: expect.stringContaining('has no unused sequence: get a new list') })
  })
})

describe('--wait-port', () => {
  it('tells how long it took', async () => {
    const port = await serve((socket) => socket.end())
    expect(jsonLines((await knock(['127.0.0.1', '9:udp', '--wait-port', port, '--json'])).stdout)).toMatchObject([{ event: 'knocked' }, { event: 'answered', port: Number(port) }])
  })

  it('knocks once more, with a new one-time sequence, and gives up then', async () => {
    const path = keep('one.list', LIST)
    const port = await silentPort()
    const { code, stderr } = await knock(['127.0.0.1', 'list', '--wait-port', port, '--wait', '0.3'])
    expect(code).toBe(1)
    expect(stderr).toMatch(new RegExp(`^knocked twice .*\\nport ${port} does not answer within [\\d.]+ s: knocking once more\\nknocked twice .*\\nknocktail: port ${port} at 127\\.0\\.0\\.1 does not answer after two knocks: has the server the same list\\?`))
    expect(readFileSync(path, 'utf8').match(/#/g)).toHaveLength(2)
  })
})

describe('--then', () => {
  it('runs the command with our input and output, tells it the way, and answers its exit code', async () => {
    const port = await serve((socket) => socket.end())
    const ran = await knock(['127.0.0.1', '9:udp', '--quiet', '--wait-port', port, '--then', 'sh', '-c', 'cat; echo $KNOCKTAIL_ADDRESS $KNOCKTAIL_SOURCE $KNOCKTAIL_FAMILY "$@"; exit 7', '-', '--json', '-q'], { stdin: 'in\n' })
    expect(ran).toEqual({ code: 7, stdout: 'in\n127.0.0.1 127.0.0.1 4 --json -q\n', stderr: '' })
  })

  it('does not run it if the port stays silent', async () => {
    const { code, stdout } = await knock(['127.0.0.1', '9:udp', '--wait', '0.1', '--wait-port', await silentPort(), '--then', 'echo', 'in'])
    expect([code, stdout]).toEqual([1, ''])
  })

  it('passes signals on, and answers with one that ended it', async () => {
    const script = { catches: 'trap "exit 9" TERM; echo ready; while :; do sleep 0.05; done', falls: 'echo ready; exec sleep 60' }
    const codes = await Promise.all(Object.values(script).map(async (text) => {
      const child = start(['knock', '127.0.0.1', '9:udp', '--wait', '0', '--then', 'sh', '-c', text], { env })
      const end = ended(child)
      child.stdout!.once('data', () => child.kill('SIGTERM'))
      return (await end).code
    }))
    expect(codes).toEqual([9, 128 + 15])
  })

  it('says so if there is no such command', async () => {
    const { code, stderr } = await knock(['127.0.0.1', '9:udp', '--wait', '0', '--then', '/nowhere/ssh'])
    expect([code, stderr]).toEqual([1, expect.stringContaining('"/nowhere/ssh" cannot be run: no such file or directory')])
  })
})

describe('--proxy', () => {
  it('joins input and output to the port, a megabyte each way, and the end of input is passed on', async () => {
    const port = await serve((socket) => socket.pipe(socket))
    const text = 'x'.repeat(1 << 20)
    expect(await knock(['127.0.0.1', '9:udp', '--proxy', port], { stdin: text })).toEqual({ code: 0, stdout: text, stderr: '' })
  })

  it('ends when the server does, with input still open', async () => {
    const child = start(['knock', '127.0.0.1', '9:udp', '--proxy', await serve((socket) => socket.end('bye'))], { env })
    expect(await ended(child)).toEqual({ code: 0, stdout: 'bye', stderr: '' })
  })

  it('fails with a connection that breaks', async () => {
    const { code, stderr } = await knock(['127.0.0.1', '9:udp', '--proxy', await serve((socket) => setTimeout(() => socket.resetAndDestroy(), 100))])
    expect([code, stderr]).toEqual([1, 'knocktail: the connection broke: connection reset by peer\n'])
  })
})
