import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { runCommand, type Ran } from '../../src/firewalls/run.ts'
import { eventually } from './eventually.ts'

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))
const UNITS = 'etc/systemd/system'

/**
 * This machine once more, booted by systemd as the first process, with a network of its own and a cable to here. What it writes lies in memory and
 * goes with it. The package is at /opt/knocktail, its program in the path.
 */
export class Booted {
  readonly #folder = mkdtempSync(join(tmpdir(), 'knocktail-boot-'))
  readonly #name = `kt${process.pid}`
  #nspawn: ChildProcess | undefined
  #first = ''

  /** `address`: its own, and ours at the other end. */
  async boot({ own, ours }: { readonly own: string; readonly ours: string }): Promise<void> {
    this.#nspawn = spawn('systemd-nspawn', [
      '-q', '-D', this.#root(), '-M', this.#name, '-b', '--register=no', '--keep-unit', '--network-veth', '--capability=all', '--console=pipe',
      '--bind=/dev/kmsg', `--bind-ro=${REPOSITORY}:/opt/knocktail`,
    ], { stdio: 'ignore' })
    await eventually(() => {
      this.#first = spawnSync('pgrep', ['-P', String(this.#nspawn!.pid)], { encoding: 'utf8' }).stdout.trim()
      // Before that it is nspawn itself, outside.
      expect(readFileSync(`/proc/${this.#first}/comm`, 'latin1').trim()).toBe('systemd')
    })
    await eventually(async () => expect((await this.run(['systemctl', 'is-system-running'])).stdout).toMatch(/running|degraded/), 30_000)
    for (const args of [['address', 'add', `${ours}/24`, 'dev', `ve-${this.#name}`], ['link', 'set', `ve-${this.#name}`, 'up']]) must('ip', args)
    for (const args of [['address', 'add', `${own}/24`, 'dev', 'host0'], ['link', 'set', 'host0', 'up']]) await this.do(['ip', ...args])
  }

  run(argv: readonly string[]): Promise<Ran> {
    return runCommand({ program: '/usr/bin/nsenter', args: ['-t', this.#first, '-a', '--', ...argv], timeLimitMs: 30_000, onTimeLimit: 'group' })
  }

  /** It must end with exit code 0. Answers its standard output. */
  async do(argv: readonly string[]): Promise<string> {
    const ran = await this.run(argv)
    expect(ran, `${argv.join(' ')}: ${ran.stderr}`).toMatchObject({ code: 0 })
    return ran.stdout
  }

  async halt(): Promise<void> {
    const nspawn = this.#nspawn
    if (nspawn) {
      const ended = new Promise((resolve) => nspawn.once('exit', resolve))
      // With its first process all of it ends; without nspawn alone nothing would.
      if (this.#first !== '') process.kill(Number(this.#first), 'SIGKILL')
      else nspawn.kill('SIGKILL')
      await ended
    }
    for (const mounted of ['root', '.']) spawnSync('umount', ['-l', join(this.#folder, mounted)])
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** The machine's own files under a layer that is ours, without the services that run here. */
  #root(): string {
    must('mount', ['-t', 'tmpfs', 'tmpfs', this.#folder])
    const [root, upper, work] = ['root', 'upper', 'work'].map((name) => join(this.#folder, name))
    for (const folder of [root, upper, work]) mkdirSync(folder!)
    must('mount', ['-t', 'overlay', 'overlay', '-o', `lowerdir=/,upperdir=${upper},workdir=${work}`, root!])
    for (const name of readdirSync(join(root!, UNITS))) if (name.endsWith('.wants')) rmSync(join(root!, UNITS, name), { recursive: true })
    rmSync(join(root!, UNITS, 'default.target'), { force: true })
    symlinkSync('/lib/systemd/system/multi-user.target', join(root!, UNITS, 'default.target'))
    // Ours is no other machine's; without one systemd would ask for what a first boot needs.
    rmSync(join(root!, 'etc/machine-id'), { force: true })
    must('systemd-machine-id-setup', [`--root=${root}`])
    for (const path of ['etc/knocktail', 'var/lib/knocktail', 'var/lib/knocktail-helper']) rmSync(join(root!, path), { recursive: true, force: true })
    // As npm would install it: what tsc writes may not be executed.
    rmSync(join(root!, 'usr/local/bin/knocktail'), { force: true })
    writeFileSync(join(root!, 'usr/local/bin/knocktail'), `#!/bin/sh\nexec ${process.execPath} /opt/knocktail/dist/src/bin.js "$@"\n`, { mode: 0o755 })
    return root!
  }
}

function must(program: string, args: readonly string[]): void {
  const ran = spawnSync(program, args, { encoding: 'utf8' })
  if (ran.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${ran.stderr || ran.error}`)
}
