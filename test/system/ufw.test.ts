import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { parseAddress, type Address } from '../../parsers/address.ts'
import type { Port } from '../../parsers/event.ts'
import type { Firewall, Outcome } from '../../src/firewalls/firewall.ts'
import { findProgram, runCommand, type Runner } from '../../src/firewalls/run.ts'
import { openUfwIn } from '../../src/firewalls/ufw.ts'
import { CLIENTS, describeFirewall, hangingRunner } from '../support/firewall-suite.ts'
import { useNetns, type Netns } from '../support/netns.ts'
import { useFolder } from '../support/run.ts'
import { systemTest } from '../support/system.ts'

const TOOLS = ['ufw', 'iptables', 'ip6tables', 'ip']
const SSH = { proto: 'tcp', port: 22 as Port } as const
const { first, second, sixth } = CLIENTS
const DONE = { kind: 'done' }
const LIMIT_MS = 60_000

/** `ip netns exec` lays what is in this folder over /etc: so the machine's own ufw is not touched. */
const etcOf = (net: Netns): string => join('/etc/netns', net.nameOf('server'))
const ufwOf = (net: Netns): string => join(etcOf(net), 'ufw')

interface Machine {
  readonly ufw: (...args: readonly string[]) => Promise<string>
  /** ufw as it is installed, and active. */
  readonly clean: () => Promise<void>
  readonly open: (run?: Runner, program?: string, label?: string) => Firewall
  readonly fileOf: (name: string) => string
}

function useUfw(net: Netns): Machine {
  const ufw = (...args: readonly string[]): Promise<string> => net.serve(['ufw', ...args])
  const clean = async (): Promise<void> => {
    // As `ufw disable` leaves the kernel, which takes it a second.
    await net.serve(['sh', '-c', 'for program in iptables ip6tables; do $program -P INPUT ACCEPT; $program -F; $program -X; done'])
    cpSync('/etc/default/ufw', join(etcOf(net), 'default/ufw'))
    for (const name of ['user.rules', 'user6.rules']) cpSync(`/usr/share/ufw/iptables/${name}`, join(ufwOf(net), name))
    for (const name of readdirSync(ufwOf(net)).filter((one) => one.includes('knocktail'))) rmSync(join(ufwOf(net), name))
    await ufw('--force', 'enable')
  }
  beforeAll(async () => {
    mkdirSync(etcOf(net), { recursive: true })
    cpSync('/etc/ufw', ufwOf(net), { recursive: true })
    cpSync('/etc/default', join(etcOf(net), 'default'), { recursive: true })
    await net.addClient(second)
    await net.listen(22)
  }, LIMIT_MS)
  afterAll(async () => {
    // Where a test has failed while a file system was mounted there.
    await runCommand({ program: findProgram('umount')!, args: ['-q', ufwOf(net)], timeLimitMs: LIMIT_MS, onTimeLimit: 'group' })
    rmSync(etcOf(net), { recursive: true, force: true })
  })
  return {
    ufw, clean,
    fileOf: (name) => readFileSync(join(ufwOf(net), name), 'utf8'),
    open: (run = net.runner, program, label = 'knocktail ssh') =>
      openUfwIn(ufwOf(net))({ firewall: 'ufw', settings: program === undefined ? {} : { program: [program] }, port: SSH }, label, { run, find: findProgram }),
  }
}

const ruleFor = (address: string): string[] => ['allow', 'from', address, 'to', 'any', 'port', '22', 'proto', 'tcp']
const programFor = (address: string): [string, string] => (address.includes(':') ? ['ip6tables', 'ufw6-user-input'] : ['iptables', 'ufw-user-input'])

systemTest(TOOLS)('rules of ufw', () => {
  const net = useNetns()
  const { ufw, clean, open } = useUfw(net)

  describeFirewall('ufw', {
    open: () => open(),
    openHanging: () => open(hangingRunner),
    getsIn: (address) => net.canConnect(22, address.includes(':') ? 6 : 4, address),
    putForeign: (address) => ufw(...ruleFor(address), 'comment', 'mine'),
    wipe: (address) => {
      const [program, chain] = programFor(address)
      return net.serve([program, '-F', chain])
    },
    clean,
    faults: [
      ['an inactive ufw', () => ufw('--force', 'disable'), /ufw is not active.*ufw enable/],
      ['a port that is open for everybody', () => ufw('allow', '22/tcp'), /ufw lets everybody in to 22\/tcp/],
      ['a range of ports that is open for everybody', () => ufw('allow', '20:30/tcp'), /ufw lets everybody in to 22\/tcp/],
      ['an application that is open for everybody', () => ufw('allow', 'OpenSSH'), /ufw lets everybody in to 22\/tcp/],
      ['a ufw that denies nothing', () => ufw('default', 'allow', 'incoming'), /ufw lets everything in/],
      ['a file that was cut', async () => writeFileSync(join(ufwOf(net), 'user.rules'), '*filter\n:ufw-user-input'), /user\.rules is cut: it does not end with COMMIT/],
    ],
    many: 4,
  })
})

systemTest(TOOLS)('ufw itself', () => {
  const net = useNetns()
  const { ufw, clean, open, fileOf } = useUfw(net)
  const hour = (address: Address) => ({ address, seconds: 3600 })
  beforeEach(clean, LIMIT_MS)

  it('goes before a rule that denies', async () => {
    await ufw('deny', '22/tcp')
    expect(await open().add([hour(first), hour(sixth)])).toEqual([DONE, DONE])
    expect(await ufw('show', 'added')).toMatch(/allow from 192\.0\.2\.2 to any port 22 proto tcp comment 'knocktail ssh'\n.*deny 22\/tcp/s)
    expect(await net.canConnect(22)).toBe(true)
    expect(await net.canConnect(22, 6)).toBe(true)
  })

  it('fails where ufw is not active, and says so', async () => {
    const firewall = open()
    await firewall.add([hour(first)])
    await ufw('--force', 'disable')
    expect(await firewall.add([hour(second)])).toEqual([{ kind: 'failed', why: 'ufw is not active: ufw enable' }])
    expect(await firewall.list()).toMatchObject({ kind: 'failed', why: expect.stringMatching(/kernel has no rules of ufw's/) })
    expect(fileOf('user.rules')).not.toContain(second)
  })

  it('takes an identical rule for the admin\'s, and leaves its comment and place', async () => {
    await ufw(...ruleFor(first), 'comment', 'mine')
    const before = fileOf('user.rules')
    const firewall = open()
    expect(await firewall.add([hour(first)])).toEqual([{ kind: 'foreign' }])
    expect(await firewall.remove([first])).toEqual([DONE])
    expect(fileOf('user.rules')).toBe(before)
    expect(await firewall.list()).toMatchObject({ entries: [{ address: first, mark: 'foreign' }] })
  })

  it.each(['deny', 'reject', 'limit'])('does not say that it opens where the admin has a rule to %s that very address', async (action) => {
    await ufw(action, ...ruleFor(first).slice(1))
    const outcomes = await open().add([hour(first)])
    expect(outcomes).toEqual([{ kind: 'unserved', why: `ufw has a rule of its own for it, which goes first: ${action} from ${first}` }])
    expect(fileOf('user.rules')).not.toContain('comment=')
  })

  it('knows rules with other words apart', async () => {
    await ufw('allow', 'in', 'on', 'veth0', 'from', first, 'to', 'any', 'port', '22', 'proto', 'tcp')
    await ufw('allow', 'from', first, 'to', 'any', 'port', '22')
    await ufw('allow', 'from', first, 'to', 'any', 'app', 'OpenSSH')
    const firewall = open()
    expect(await firewall.list()).toEqual({ kind: 'listed', entries: [] })
    expect(await firewall.add([hour(first)])).toEqual([DONE])
    expect(await firewall.list()).toMatchObject({ entries: [{ address: first, mark: 'ours' }] })
    expect(await firewall.remove([first])).toEqual([DONE])
    expect((await ufw('show', 'added')).match(/^ufw allow/gm)).toHaveLength(3)
  })

  it('knows rules of another label of ours', async () => {
    await open(net.runner, undefined, 'knocktail old').add([hour(first)])
    expect(await open().add([hour(first)])).toEqual([DONE])
    expect(await open().remove([first])).toEqual([DONE])
    expect(await net.canConnect(22)).toBe(false)
  })

  it.each(['renew', 'remove'] as const)('loads ufw\'s rules anew where the kernel has lost them: %s', async (verb) => {
    await ufw('allow', '80/tcp')
    const firewall = open()
    await firewall.add([hour(first), hour(second)])
    await net.serve(['iptables', '-F', 'ufw-user-input'])
    expect(await firewall.list()).toEqual({ kind: 'listed', entries: [] })
    if (verb === 'renew') await firewall.renew([hour(first)])
    else expect(await firewall.remove([first])).toEqual([DONE])
    expect(await net.canConnect(22)).toBe(verb === 'renew')
  })

  it('closes what the kernel still lets in, though no file says so', async () => {
    await net.serve(['iptables', '-A', 'ufw-user-input', '-s', first, '-p', 'tcp', '--dport', '22', '-j', 'ACCEPT'])
    expect(await net.canConnect(22)).toBe(true)
    expect(await open().remove([first])).toEqual([DONE])
    expect(await net.canConnect(22)).toBe(false)
  })

  it('serves no IPv6 where ufw does not', async () => {
    const path = join(etcOf(net), 'default/ufw')
    writeFileSync(path, readFileSync(path, 'utf8').replace('IPV6=yes', 'IPV6=no'))
    await ufw('--force', 'disable')
    await ufw('--force', 'enable')
    const firewall = open()
    expect(await firewall.add([hour(first), hour(sixth)])).toEqual([DONE, { kind: 'unserved', why: expect.stringMatching(/IPV6=yes/) }])
    expect(await firewall.remove([first, sixth])).toEqual([DONE, DONE])
    expect(await firewall.check()).toEqual([])
  })

  it('is never at work twice at a time', async () => {
    let running = 0
    let most = 0
    const run: Runner = async (command) => {
      if (!command.program.endsWith('ufw')) return net.runner(command)
      most = Math.max(most, ++running)
      const ran = await net.runner(command)
      running--
      return ran
    }
    const [one, other] = [open(run), open(run)]
    expect(await Promise.all([one.add([hour(first)]), other.add([hour(second)]), other.list(), one.check()])).toMatchObject([[DONE], [DONE], {}, []])
    expect(most).toBe(1)
  })

  it('ends ufw itself, gently, and nothing of what it has started', async () => {
    const calls: string[] = []
    const run: Runner = (command) => {
      calls.push(`${command.args[0]} ${command.onTimeLimit} ${command.timeLimitMs}`)
      return net.runner(command)
    }
    const firewall = open(run)
    await firewall.add([hour(first)])
    await firewall.remove([first])
    expect(calls.filter((call) => /^(?:prepend|delete)/.test(call))).toEqual(['prepend term 60000', 'delete term 60000'])
  })

  it('leaves the machine\'s own ufw alone', () => {
    expect(readFileSync('/etc/ufw/user.rules', 'utf8')).not.toContain('knocktail')
  })
})

systemTest([...TOOLS, 'mount', 'umount'])('ufw on a disk that is full', () => {
  const net = useNetns()
  const folder = useFolder()
  const { ufw, clean, open, fileOf } = useUfw(net)
  const hour = (address: Address) => ({ address, seconds: 3600 })
  const fill = 'dd if=/dev/zero of=/etc/ufw/fill bs=4096 2>/dev/null'

  beforeEach(async () => {
    await mount('mount', '-t', 'tmpfs', '-o', 'size=4m,mode=755', 'tmpfs', ufwOf(net))
    cpSync('/etc/ufw', ufwOf(net), { recursive: true })
    await clean()
    await ufw(...ruleFor('198.51.100.59'), 'comment', 'mine')
    return () => mount('umount', ufwOf(net))
  }, LIMIT_MS)

  it('does not let ufw write, where there is not enough left', async () => {
    writeFileSync(join(ufwOf(net), 'fill'), Buffer.alloc(3_200_000))
    const before = fileOf('user.rules')
    const firewall = open()
    expect(await firewall.add([hour(first)])).toEqual([{ kind: 'failed', why: expect.stringMatching(/less than 1 MiB left/) }])
    expect((await firewall.check())[0]).toMatchObject({ severity: 'error', message: expect.stringMatching(/less than 1 MiB left/) })
    expect(fileOf('user.rules')).toBe(before)
  })

  it('puts back what ufw has cut, and says so', async () => {
    const program = script('full', `case $1 in prepend) ${fill};; esac; exec ufw "$@"`)
    const firewall = open(net.runner, program)
    let before = ''
    let outcome: Outcome = { kind: 'done' }
    // A file is written in the place of the old one: only one that needs another block is cut.
    for (let host = 100; outcome.kind === 'done' && host < 140; host++) {
      rmSync(join(ufwOf(net), 'fill'), { force: true })
      before = fileOf('user.rules')
      outcome = (await firewall.add([hour(parseAddress(`198.51.100.${host}`)!)]))[0]!
    }
    expect(outcome).toEqual({ kind: 'failed', why: expect.stringMatching(/user\.rules was cut by ufw, and is put back as it was$/) })
    expect(fileOf('user.rules')).toBe(before)
    expect(await net.canConnect(22)).toBe(false)
    expect(await net.serve(['iptables', '-S', 'ufw-user-input'])).toContain('198.51.100.59/32')
    rmSync(join(ufwOf(net), 'fill'))
    expect(await open().add([hour(first)])).toEqual([DONE])
    expect(await net.canConnect(22)).toBe(true)
    expect(readdirSync(ufwOf(net)).filter((name) => name.includes('knocktail'))).toEqual([])
  })

  it('puts back what was cut while we were not there to see it', async () => {
    await open().add([hour(first)])
    const before = fileOf('user.rules')
    writeFileSync(join(ufwOf(net), 'user.rules.knocktail-copy'), before)
    writeFileSync(join(ufwOf(net), 'user.rules'), before.slice(0, -100))
    expect(await open().add([hour(second)])).toEqual([{ kind: 'failed', why: expect.stringMatching(/put back as it was/) }])
    expect(fileOf('user.rules')).toBe(before)
    expect(await open().add([hour(second)])).toEqual([DONE])
  })

  function script(name: string, body: string): string {
    const path = join(folder.path, name)
    writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 })
    return path
  }

  async function mount(program: string, ...args: readonly string[]): Promise<void> {
    const ran = await runCommand({ program: findProgram(program)!, args, timeLimitMs: LIMIT_MS, onTimeLimit: 'group' })
    if (ran.code !== 0) throw new Error(`${program}: ${ran.stderr}`)
  }
})
