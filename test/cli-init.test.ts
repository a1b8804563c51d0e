import { spawn, type ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../src/config/load.ts'
import { eventually } from './support/eventually.ts'
import { BIN, ended, run, useFolder } from './support/run.ts'
import { systemTest } from './support/system.ts'

const folder = useFolder()
const WAY = ['--firewall', 'nftables', '--log', 'kmsg']
const init = (name: string, ...args: readonly string[]) => run(['init', '--folder', join(folder.path, name), ...args])

describe('knocktail init --yes', () => {
  it('writes files that only their owner can read where they tell how to knock, and prints the steps', async () => {
    const { code, stdout, stderr } = await init('plain', '--yes', ...WAY, '--host', 'gate.example.org', '--always-allow', '198.51.100.7')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const path = join(folder.path, 'plain')
    expect(readdirSync(path)).toEqual(['NEXT-STEPS', 'admin.secret', 'door.nft', 'knocktail.conf', 'profile.conf', 'undo.sh'])
    for (const name of ['NEXT-STEPS', 'admin.secret', 'knocktail.conf', 'profile.conf']) expect(statSync(join(path, name)).mode & 0o777, name).toBe(0o600)
    expect(statSync(path).mode & 0o777).toBe(0o700)
    expect(stdout).toContain(readFileSync(join(path, 'NEXT-STEPS'), 'utf8').trimEnd())
    expect(await loadConfig(join(path, 'knocktail.conf'))).toMatchObject({ warnings: [], rules: [{ match: { name: 'ssh' } }] })
  })

  it('warns where nobody could come in any more', async () => {
    expect((await init('alone', '--yes', ...WAY)).stderr).toMatch(/^warning: no address is always allowed/)
    expect((await init('console', '--yes', ...WAY, '--console')).stderr).toBe('')
  })

  it('writes over nothing', async () => {
    await init('twice', '--yes', ...WAY)
    const before = readFileSync(join(folder.path, 'twice/knocktail.conf'), 'utf8')
    const { code, stderr } = await init('twice', '--yes', ...WAY)
    expect(code).toBe(1)
    expect(stderr).toMatch(/knocktail\.conf is there already: give --folder a new one/)
    expect(readFileSync(join(folder.path, 'twice/knocktail.conf'), 'utf8')).toBe(before)
  })

  it.each([
    ['--port', 'ssh', /--port "ssh" is no port/], ['--firewall', 'nft', /--firewall "nft" is none of nftables/], ['--firewall', 'pf', /kmsg shows nothing of pf: give --log 'command:tcpdump/], ['--always-allow', 'home', /--always-allow "home" is no address/],
    ['--host', 'a b', /--host "a b" is no host/], ['--prefix', 'a"b', /--prefix must be/], ['--place', '/a b', /must have no blanks/],
  ])('refuses %s %s, and writes nothing', async (option, value, says) => {
    const { code, stderr } = await init('refused', '--yes', ...WAY, option, value)
    expect(code).toBe(2)
    expect(stderr).toMatch(says)
    expect(readdirSync(folder.path)).not.toContain('refused')
  })

  it('asks nobody where there is no terminal', async () => {
    expect(await init('mute')).toMatchObject({ code: 2, stderr: expect.stringMatching(/no terminal.*--yes/) })
  })
})

systemTest(['script'])('knocktail init at a terminal', () => {
  /** Answers the prompts in turn. */
  const sit = (name: string): { child: ChildProcess; answer: (text: string) => Promise<void> } => {
    const command = `${process.execPath} ${BIN} init --folder ${join(folder.path, name)} --firewall nftables`
    const child = spawn('script', ['-qec', command, '/dev/null'], { stdio: 'pipe', env: { PATH: process.env['PATH'] ?? '', TERM: 'dumb' } })
    let seen = ''
    let asked = 0
    child.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString()))
    return {
      child,
      answer: async (text) => {
        asked++
        await eventually(() => expect(seen.split('\n> ').length).toBeGreaterThan(asked))
        child.stdin.write(text)
      },
    }
  }

  it('asks what no option says, again where it does not understand, and takes an empty line for what it proposes', async () => {
    const { child, answer } = sit('asked')
    const end = ended(child)
    for (const text of ['2222/tcp\n', 'nowhere\n', 'kmsg\n', 'totp\n', '\n', 'gate.example.org\n', '\n', 'yes\n']) await answer(text)
    const { code, stdout } = await end
    expect(code).toBe(0)
    expect(stdout).toContain('"nowhere" cannot be followed')
    expect(stdout).toMatch(/otpauth:\/\/totp\/Knocktail:admin%40gate\.example\.org\?secret=/)
    expect(stdout).not.toContain('warning')
    expect(readFileSync(join(folder.path, 'asked/knocktail.conf'), 'utf8')).toMatch(/follow = kmsg[\s\S]*\[door-2222\][\s\S]*ports = 2222\/tcp/)
  })

  it('writes nothing if it is ended', async () => {
    const { child, answer } = sit('ended')
    const end = ended(child)
    await answer('\n')
    await answer('\u0004')
    expect(await end).toMatchObject({ code: 1, stdout: expect.stringContaining('nothing was written') })
    expect(readdirSync(folder.path)).not.toContain('ended')
  })
})
