import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync, statSync, lutimesSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, it } from 'vitest'
import { parseAddress, type Address } from '../../parsers/address.ts'
import type { Firewall } from '../../src/firewalls/firewall.ts'
import { openHostsAllow } from '../../src/firewalls/hosts-allow.ts'
import { findProgram, runCommand, type Ran, type Runner } from '../../src/firewalls/run.ts'
import { CLIENTS, describeFirewall } from '../support/firewall-suite.ts'
import { useFolder } from '../support/run.ts'
import { systemTest } from '../support/system.ts'

const TOOLS = ['tcpdmatch', 'sshd', 'ldd', 'env']
const { first, second, sixth } = CLIENTS
const DONE = { kind: 'done' }
const ALLOW = '# hosts.allow: who may come in\nsshd: 198.51.100.7\n'

const hour = (address: Address) => ({ address, seconds: 3600 })

function shell(script: string): Promise<Ran> {
  return runCommand({ program: '/bin/sh', args: ['-c', script], timeLimitMs: 20_000, onTimeLimit: 'group' })
}

interface Hosts {
  readonly path: (name?: string) => string
  readonly text: (name?: string) => string
  readonly clean: () => Promise<void>
  readonly open: (settings?: Readonly<Record<string, readonly string[]>>, run?: Runner) => Firewall
  /** What TCP wrappers would do. */
  readonly isGranted: (address: string, daemon?: string) => Promise<boolean>
}

function useHosts(): Hosts {
  const folder = useFolder()
  const path = (name = 'hosts.allow'): string => join(folder.path, 'etc', name)
  return {
    path,
    text: (name) => readFileSync(path(name), 'utf8'),
    clean: async () => {
      rmSync(path('.'), { recursive: true, force: true })
      mkdirSync(path('.'))
      writeFileSync(path(), ALLOW)
      writeFileSync(path('hosts.deny'), 'ALL: ALL\n')
    },
    open: (settings = {}, run = runCommand) =>
      openHostsAllow({ firewall: 'hosts.allow', settings: { file: [path()], ...settings } }, 'knocktail ssh', { run, find: findProgram }),
    isGranted: async (address, daemon = 'sshd') => {
      const { stdout } = await shell(`cd ${path('.')} && tcpdmatch -d ${daemon} ${address}`)
      const verdict = /^access:\s+(granted|denied)/m.exec(stdout)?.[1]
      if (verdict === undefined) throw new Error(`tcpdmatch says ${stdout}`)
      return verdict === 'granted'
    },
  }
}

systemTest(TOOLS)('hosts.allow', () => {
  const { path, text, clean, open, isGranted } = useHosts()

  describeFirewall('hosts.allow', {
    open: () => open(),
    // It runs next to nothing: what it may have to wait for is its lock.
    openHanging: () => {
      symlinkSync(String(process.pid), path('hosts.allow.knocktail-lock'))
      return open()
    },
    getsIn: (address) => isGranted(address),
    wipe: () => clean(),
    clean,
    faults: [
      ['that everybody may come in', async () => writeFileSync(path('hosts.deny'), '# nobody\n'), /everybody may connect to sshd.*put "sshd: ALL" into .*hosts\.deny/],
      ['that everybody may come in by the same file', async () => writeFileSync(path(), 'sshd: ALL\n'), /everybody may connect to sshd/],
      ['a rule that takes it all away', async () => {
        await open().add([hour(first)])
        writeFileSync(path(), `ALL: ALL: DENY\n${text()}`)
      }, /has 192\.0\.2\.2 for sshd, but tcpdmatch says that it is denied/],
      ['a folder that is not there', async () => rmSync(path('.'), { recursive: true }), /cannot be changed: no such file or directory/],
    ],
  })
})

systemTest([...TOOLS, 'setfacl', 'getfacl', 'mount', 'umount'])('the file hosts.allow', () => {
  const { path, text, clean, open, isGranted } = useHosts()
  const leftovers = (): string[] => readdirSync(path('.')).filter((name) => name.includes('knocktail')).toSorted()
  beforeEach(clean)

  it.each([1, 7, 8, 9, 16])('lets in %i, and nobody else', async (count) => {
    const crowd = Array.from({ length: count }, (_, index) => parseAddress(index % 2 ? `2001:db8::${index}` : `192.0.2.${index + 10}`)!)
    expect(await open().add(crowd.map(hour))).toEqual(crowd.map(() => DONE))
    for (const address of crowd) expect(await isGranted(address), address).toBe(true)
    expect(await isGranted('192.0.2.99')).toBe(false)
    expect(await isGranted('2001:db8::99')).toBe(false)
    await open().remove(crowd)
    expect(text()).toBe(ALLOW)
  })

  it.each([
    ['ALL: ALL: DENY\n'], ['ALL: 192.0.2.: DENY\n'], ['ALL: \\\n  ALL: DENY\n'], ['# a comment \\\nthat goes on\nALL: ALL: DENY\n'],
    ['# a\r\nALL: ALL: DENY\r\n'], ['ALL: ALL: DENY'], ['# no end'], ['# goes on \\\n'], ['# a\n #no comment\n'], [''],
  ])('gets in before %j', async (before) => {
    writeFileSync(path(), before)
    expect(await isGranted(first)).toBe(false)
    await open().add([hour(first)])
    expect(await isGranted(first)).toBe(true)
    expect(await isGranted(second)).toBe(false)
    await open().remove([first])
    expect(text()).toBe(before)
  })

  it('is for the daemons that are configured, each target for its own', async () => {
    const [one, both] = [open(), open({ daemons: ['sshd', 'in.telnetd'] })]
    await both.add([hour(first)])
    expect(await isGranted(first, 'in.telnetd')).toBe(true)
    expect(await one.list()).toEqual({ kind: 'listed', entries: [] })
    await one.add([hour(first), hour(second)])
    await both.remove([first, second])
    expect(await isGranted(first, 'in.telnetd')).toBe(false)
    expect(await isGranted(first)).toBe(true)
    expect(await isGranted(second)).toBe(true)
  })

  it('keeps mode, owner, group and access list', async () => {
    chmodSync(path(), 0o640)
    chownSync(path(), 1, 2)
    await shell(`setfacl -m u:3:rw ${path()}`)
    const facl = async (): Promise<string> => (await shell(`getfacl -cp ${path()}`)).stdout
    const [before, stat] = [await facl(), statSync(path())]
    expect(await open().add([hour(first)])).toEqual([DONE])
    expect(await isGranted(first)).toBe(true)
    const after = statSync(path())
    expect([after.mode, after.uid, after.gid]).toEqual([stat.mode, 1, 2])
    expect(await facl()).toBe(before)
    expect(before).toContain('user:sys:rw-')
  })

  it('keeps a link, and writes where it leads', async () => {
    mkdirSync(path('real'))
    writeFileSync(path('real/allow'), ALLOW)
    rmSync(path())
    symlinkSync('real/allow', path())
    await open().add([hour(first)])
    expect(lstatSync(path()).isSymbolicLink()).toBe(true)
    expect(readlinkSync(path())).toBe('real/allow')
    expect(text('real/allow')).toContain(`sshd : ${first}`)
    expect(await isGranted(first)).toBe(true)
    expect(realpathSync(path())).toBe(realpathSync(path('real/allow')))
    expect(leftovers()).toEqual([])
    expect(readdirSync(path('real')).toSorted()).toEqual(['allow', 'allow.knocktail-backup'])
  })

  it('keeps the version before the first change beside it', async () => {
    chmodSync(path(), 0o600)
    await open().add([hour(first)])
    await open().add([hour(second)])
    expect(leftovers()).toEqual(['hosts.allow.knocktail-backup'])
    expect(text('hosts.allow.knocktail-backup')).toBe(ALLOW)
    expect(statSync(path('hosts.allow.knocktail-backup')).mode & 0o777).toBe(0o600)
  })

  it('makes a file that is missing', async () => {
    rmSync(path())
    expect(await open().list()).toEqual({ kind: 'listed', entries: [] })
    expect(await open().add([hour(first)])).toEqual([DONE])
    expect(await isGranted(first)).toBe(true)
    expect(statSync(path()).mode & 0o777).toBe(0o644)
  })

  it('writes nothing where nothing changes', async () => {
    const before = statSync(path(), { bigint: true })
    expect(await open().remove([first])).toEqual([DONE])
    await open().list()
    expect(statSync(path(), { bigint: true })).toEqual({ ...before, atimeMs: expect.anything(), atimeNs: expect.anything(), atime: expect.anything() })
    expect(leftovers()).toEqual([])
  })

  it('loses no line that somebody else writes meanwhile', async () => {
    let count = 0
    // Each look at the access list is a moment at which an editor may save.
    const run: Runner = async (command) => {
      if (command.program.endsWith('getfacl') && count < 3) writeFileSync(path(), `${text()}# saved ${++count}\n`)
      return runCommand(command)
    }
    expect(await open({}, run).add([hour(first)])).toEqual([DONE])
    expect(text()).toMatch(/# saved 1\n# saved 2\n# saved 3\n$/)
    expect(await isGranted(first)).toBe(true)
  })

  it('gives up where somebody else writes all the time', async () => {
    const run: Runner = async (command) => {
      writeFileSync(path(), `${text()}#\n`)
      return runCommand(command)
    }
    expect(await open({}, run).add([hour(first)])).toEqual([{ kind: 'failed', why: expect.stringMatching(/is being changed by somebody else/) }])
    expect(text()).toMatch(/^# hosts\.allow: who may come in\nsshd: 198\.51\.100\.7\n#+/)
    expect(text()).not.toContain(first)
  })

  it('is changed by many at once, and loses none', async () => {
    const crowd = Array.from({ length: 12 }, (_, index) => parseAddress(`192.0.2.${index + 50}`)!)
    const outcomes = await Promise.all(crowd.map((address) => open().add([hour(address)])))
    expect(outcomes.flat()).toEqual(crowd.map(() => DONE))
    const listing = await open().list()
    expect(listing.kind === 'listed' && listing.entries.map(({ address }) => address).toSorted()).toEqual(crowd.toSorted())
  })

  it.each([
    ['of a process that has died', '4194304', 0],
    ['that is old, whoever has that number now', String(process.pid), 61],
    ['that is old and no link', undefined, 61],
  ])('takes over a lock %s', async (_, holder, ageSeconds) => {
    const lock = path('hosts.allow.knocktail-lock')
    if (holder === undefined) writeFileSync(lock, '')
    else symlinkSync(holder, lock)
    lutimesSync(lock, Date.now() / 1000 - ageSeconds, Date.now() / 1000 - ageSeconds)
    expect(await open().add([hour(first)])).toEqual([DONE])
    expect(leftovers()).not.toContain('hosts.allow.knocktail-lock')
  })

  it('leaves the file as it was on a full disk', async () => {
    await shell(`mount -t tmpfs -o size=64k tmpfs ${path('.')}`)
    try {
      writeFileSync(path(), ALLOW)
      writeFileSync(path('hosts.deny'), 'ALL: ALL\n')
      expect(await open().add([hour(first)])).toEqual([DONE])
      const before = text()
      await shell(`dd if=/dev/zero of=${path('fill')} bs=4096`)
      expect(await open().add([hour(second)])).toEqual([{ kind: 'failed', why: expect.stringMatching(/no space left on device/) }])
      expect(text()).toBe(before)
      expect(await isGranted(first)).toBe(true)
      expect(leftovers()).toEqual(['hosts.allow.knocktail-backup'])
      rmSync(path('fill'))
      expect(await open().add([hour(second)])).toEqual([DONE])
    } finally {
      await shell(`umount ${path('.')}`)
    }
  })

  it('says what keeps it from writing', async () => {
    rmSync(path())
    mkdirSync(path())
    expect((await open().add([hour(first)]))[0]).toMatchObject({ kind: 'failed', why: expect.stringMatching(/illegal operation on a directory/) })
    expect(await open().list()).toMatchObject({ kind: 'failed' })
    expect((await open().check())[0]).toMatchObject({ severity: 'error' })
  })

  it('warns of a server that does not read it', async () => {
    const findings = await open({ daemons: ['cat', 'no.such.server'] }).check()
    expect(findings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/cat is not linked with libwrap/), expect.stringMatching(/no\.such\.server is not installed/),
    ])
  })

  it('can do without tcpdmatch', async () => {
    const firewall = openHostsAllow({ firewall: 'hosts.allow', settings: { file: [path()] } }, '', {
      run: runCommand, find: (program) => (program === 'tcpdmatch' ? undefined : findProgram(program)),
    })
    expect(await firewall.check()).toEqual([])
    writeFileSync(path('hosts.deny'), '# nothing\n')
    expect((await firewall.check())[0]!.message).toMatch(/everybody may connect/)
    writeFileSync(path(), `${ALLOW}ALL: ALL: deny\n`)
    expect(await firewall.check()).toEqual([])
    expect(await firewall.add([hour(sixth)])).toEqual([DONE])
    expect(await isGranted(sixth)).toBe(true)
  })
})
