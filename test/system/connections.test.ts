import type { ChildProcess } from 'node:child_process'
import { beforeAll, beforeEach, expect, it } from 'vitest'
import type { Port } from '../../parsers/event.ts'
import { connectionsOf, type Connection } from '../../src/connections.ts'
import type { Target } from '../../src/firewalls/target.ts'
import { killFlows } from '../../src/firewalls/kill-flows.ts'
import { findProgram, type Runner } from '../../src/firewalls/run.ts'
import { eventually } from '../support/eventually.ts'
import { addressOf, useNetns } from '../support/netns.ts'
import { systemTest } from '../support/system.ts'

const DONE = { kind: 'done' }

systemTest(['ip', 'ss', 'conntrack', 'iptables'])('connections', () => {
  const net = useNetns()
  const tools = { run: net.runner, find: findProgram }
  const target = (...ports: readonly number[]): Target =>
    ({ firewall: 'iptables', settings: {}, ports: ports.map((port) => ({ proto: 'tcp', port: port as Port })) })
  const [client, server, client6] = [addressOf('client', 4), addressOf('server', 4), addressOf('client', 6)]

  beforeAll(async () => {
    for (const port of [22, 80, 2222]) await net.listen(port)
    // A server of both families sees IPv4 as IPv6.
    await listenOnBoth(443)
  })

  beforeEach(async () => {
    await eventually(async () => expect(await established()).toEqual([]))
  })

  async function listenOnBoth(port: number): Promise<void> {
    const child = net.start('server', [process.execPath, '-e', `require('net').createServer((socket) => socket.on('error', () => {}).write('hello')).listen(${port}, '::', () => console.log('up'))`])
    await new Promise((resolve) => child.stdout!.once('data', resolve))
  }

  /** Resolves when the server has greeted. */
  async function connect(port: number, host: string = server): Promise<ChildProcess> {
    const child = net.start('client', [process.execPath, '-e', `
      require('net').connect(${port}, '${host}').on('data', () => console.log('up')).on('close', () => process.exit(3)).on('error', () => process.exit(3))`])
    await new Promise((resolve) => child.stdout!.once('data', resolve))
    return child
  }

  async function established(): Promise<readonly Connection[]> {
    const result = await connectionsOf('linux', tools)
    if (result.kind === 'failed') throw new Error(result.why)
    return result.connections
  }

  const ended = (child: ChildProcess): Promise<number | null> => (child.exitCode === null ? new Promise((resolve) => child.once('exit', resolve)) : Promise.resolve(child.exitCode))

  async function endAll(...children: readonly ChildProcess[]): Promise<void> {
    for (const child of children) child.kill('SIGKILL')
    await Promise.all(children.map(ended))
  }

  it('are seen while they stand, of both families', async () => {
    const children = [await connect(22), await connect(443), await connect(80, addressOf('server', 6))]
    const seen = (await established()).map(({ local, localPort, peer }) => `${local} ${localPort} ${peer}`)
    expect(seen.toSorted()).toEqual([`${server} 22 ${client}`, `${server} 443 ${client}`, `${addressOf('server', 6)} 80 ${client6}`].toSorted())
    await endAll(...children)
    await eventually(async () => expect(await established()).toEqual([]))
  })

  it.each([
    ['IPv4', client, server, 22], ['IPv6', client6, addressOf('server', 6), 22], ['IPv4 to a server of both families', client, server, 443],
  ] as const)('of an address to the ports are ended, and no others: %s', async (_, address, host, port) => {
    const [meant, other] = [await connect(port, host), await connect(80, host)]
    const family = host === server ? addressOf('server', 6) : server
    const otherAddress = await connect(port, family)
    expect(await killFlows(target(port, 2222), address, tools)).toEqual(DONE)
    expect(await ended(meant)).toBe(3)
    expect((await established()).map(({ localPort }) => localPort).toSorted()).toEqual([port, 80].toSorted())
    expect(await killFlows(target(port, 2222), address, tools)).toEqual(DONE)
    await endAll(other, otherAddress)
  })

  it('that are forwarded are forgotten, where conntrack is there', async () => {
    await net.serve(['iptables', '-A', 'INPUT', '-m', 'conntrack', '--ctstate', 'ESTABLISHED', '-j', 'ACCEPT'])
    const child = await connect(22)
    const flows = async (): Promise<string> => (await net.inServer(['conntrack', '-L', '-p', 'tcp', '--orig-port-dst', '22'])).stdout
    expect(await flows()).toMatch(/ESTABLISHED/)
    const calls: string[] = []
    const run: Runner = (command) => {
      calls.push(command.program)
      return net.runner(command)
    }
    expect(await killFlows(target(22), client, { run, find: (program) => (program === 'ss' ? '/bin/true' : findProgram(program)) })).toEqual(DONE)
    expect(calls).toContain(findProgram('conntrack'))
    expect(await flows()).not.toMatch(/ESTABLISHED .*ASSURED/)
    await endAll(child)
  })

  it('are not said to be ended where the kernel does not', async () => {
    const child = await connect(22)
    const run: Runner = (command) => net.runner({ ...command, args: command.args.map((word) => (word === '-HtnK' ? '-Htn' : word)) })
    expect(await killFlows(target(22), client, { run, find: findProgram })).toEqual({ kind: 'failed', why: expect.stringMatching(/INET_DIAG_DESTROY/) })
    await endAll(child)
  })

  it('cannot be ended where no port says which', async () => {
    expect(await killFlows({ firewall: 'ufw', settings: {} }, client, tools)).toEqual({ kind: 'unserved', why: 'no port says which flows are meant' })
    expect(await killFlows(target(22), client, { ...tools, find: () => undefined })).toMatchObject({ kind: 'unserved', why: expect.stringMatching(/ss is not installed/) })
  })
})
