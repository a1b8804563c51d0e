import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { eventually } from './eventually.ts'
import type { HostName } from './page.ts'
import { BIN, ended, type Ran } from './run.ts'

/**
 * The machines of a page of docs/, on one network. Each has, laid over this machine's, folders of its own for all that an administrator
 * writes to, so that commands run as they stand. Everything is gone after `close`.
 */

const ADDRESSES: Readonly<Record<HostName, readonly string[]>> = {
  server: ['192.0.2.1/24', '2001:db8::1/64'], client: ['192.0.2.2/24', '2001:db8::2/64'], inner: ['192.0.2.40/24', '2001:db8::40/64'],
}
const NAMES: Readonly<Record<HostName, string>> = { server: 'gate.example.org', client: 'laptop.example.org', inner: 'inner.example.org' }
const OWN_FOLDERS = ['/etc', '/var', '/root', '/home', '/srv', '/usr/local']

/** Where commands run: the clone. */
const CLONE = resolve(fileURLToPath(new URL('../..', import.meta.url)))

/** What makes the machine, and then keeps it. */
const MACHINE = `set -e
mount -t tmpfs none "$1"
for folder in ${OWN_FOLDERS.join(' ')}; do
  mkdir -p "$1$folder/upper" "$1$folder/work"
  mount -t overlay overlay -o "lowerdir=$folder,upperdir=$1$folder/upper,workdir=$1$folder/work" $folder
done
mount -t tmpfs none /run
mkdir -p /run/sshd /etc/knocktail
hostname "$2"
printf '127.0.0.1 localhost\\n192.0.2.1 gate.example.org\\n192.0.2.40 inner.example.org\\n' > /etc/hosts
printf '#!/bin/sh\\nexec ${process.execPath} ${BIN} "$@"\\n' > /usr/local/bin/knocktail
chmod 755 /usr/local/bin/knocktail
rm -rf /root/.ssh /root/.config /var/lib/knocktail
mkdir -m 700 /root/.ssh
echo ready
exec sleep infinity`

const KEYS = `ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/page_key
cat /root/.ssh/id_ed25519.pub /etc/ssh/page_key.pub`

const SSHD = `printf 'HostKey /etc/ssh/page_key\\nPermitRootLogin prohibit-password\\nUsePAM no\\nSubsystem sftp internal-sftp\\nPidFile /run/sshd.pid\\n' > /etc/ssh/sshd_config
/usr/sbin/sshd`

const LIMIT_MS = 30_000

export class PageHosts {
  readonly #id = `knocktail-${process.pid}-page${Math.random().toString(36).slice(2, 6)}`
  readonly #folder = mkdtempSync(join(tmpdir(), 'knocktail-page-'))
  readonly #machines = new Map<HostName, ChildProcess>()

  /** Machines that know each other by name, each with an sshd, into which the root of every other may log in. */
  async open(hosts: readonly HostName[]): Promise<void> {
    ip('netns', 'add', this.#nameOf('switch'))
    ip('-n', this.#nameOf('switch'), 'link', 'add', 'br0', 'up', 'type', 'bridge')
    await Promise.all(hosts.map((host) => this.#make(host)))
    const keys = await Promise.all(hosts.map(async (host) => (await this.run(host, KEYS)).stdout.split('\n')))
    const authorized = keys.map(([user]) => `${user}\n`).join('')
    const known = keys.map(([, own], at) => `${NAMES[hosts[at]!]} ${own}\n`).join('')
    for (const host of hosts) {
      await this.run(host, 'cat > /root/.ssh/known_hosts', known)
      await this.run(host, `cat > /root/.ssh/authorized_keys\n${SSHD}`, authorized)
    }
  }

  #nameOf(host: HostName | 'switch'): string {
    return `${this.#id}-${host}`
  }

  async #make(host: HostName): Promise<void> {
    const [name, lan] = [this.#nameOf(host), this.#nameOf('switch')]
    ip('netns', 'add', name)
    ip('link', 'add', 'eth0', 'netns', name, 'type', 'veth', 'peer', 'name', host, 'netns', lan)
    ip('-n', lan, 'link', 'set', host, 'master', 'br0', 'up')
    for (const link of ['lo', 'eth0']) ip('-n', name, 'link', 'set', link, 'up')
    for (const address of ADDRESSES[host]) ip('-n', name, 'addr', 'add', address, 'dev', 'eth0', ...(address.includes(':') ? ['nodad'] : []))
    const folder = join(this.#folder, host)
    const child = spawn('ip', ['netns', 'exec', name, 'unshare', '--uts', 'sh', '-c', `mkdir "$1"; ${MACHINE}`, 'sh', folder, NAMES[host]], { stdio: 'pipe' })
    this.#machines.set(host, child)
    let said = ''
    for (const output of [child.stdout, child.stderr]) output.on('data', (chunk: Buffer) => (said += chunk.toString()))
    await eventually(() => {
      if (!said.includes('ready')) throw new Error(`${host} is not ready: ${said}`)
    })
  }

  /** A script of bash on that machine, until it ends. */
  run(host: HostName, script: string, input = ''): Promise<Ran> {
    const child = this.start(host, script)
    child.stdin!.on('error', () => {})
    child.stdin!.end(input)
    return ended(child, LIMIT_MS)
  }

  start(host: HostName, script: string): ChildProcess {
    const pid = this.#machines.get(host)!.pid!
    const argv = ['--target', String(pid), '--mount', '--net', '--uts', 'bash', '-c', `cd ${CLONE}\n${script}`]
    return spawn('nsenter', argv, { stdio: 'pipe', env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LC_ALL: 'C' } })
  }

  /** With all that runs in them. */
  close(): void {
    for (const host of [...this.#machines.keys(), 'switch'] as const) {
      const pids = spawnSync('ip', ['netns', 'pids', this.#nameOf(host)], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean)
      if (pids.length > 0) spawnSync('kill', ['-9', ...pids])
      spawnSync('ip', ['netns', 'del', this.#nameOf(host)])
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function ip(...args: readonly string[]): void {
  const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`)
}
