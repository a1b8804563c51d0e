import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { doorConfig, knock, KNOCKS, loadRules, useNamespaceLog } from '../support/door.ts'
import { LiveDaemon } from '../support/live.ts'
import { addressOf, useNetns } from '../support/netns.ts'
import { useFolder } from '../support/run.ts'
import { systemTest } from '../support/system.ts'

/** Knocks by way of the loggers that people have: every sequence opens. KNOCKTAIL_SECONDS says for how long each. */

/** So many that each door is shut again before its host knocks once more. */
const HOSTS = 40
const SECONDS = Number(process.env['KNOCKTAIL_SECONDS'] ?? 5)

/** Rotates every second, until it is ended. */
class Rotating {
  readonly #timer: NodeJS.Timeout
  #running: Promise<unknown> = Promise.resolve()

  constructor(rotate: () => Promise<unknown>) {
    this.#timer = setInterval(() => (this.#running = rotate()), 1000)
  }

  async end(): Promise<void> {
    clearInterval(this.#timer)
    await this.#running
  }
}

systemTest(['ip', 'nft', 'nc', 'rsyslogd', 'logrotate', 'systemd-journald', 'journalctl', 'tcpdump', 'nginx'])('through', () => {
  useNamespaceLog()
  const netns = useNetns()
  const folder = useFolder()
  const prefix = `kt${process.pid}l: `
  let daemon: LiveDaemon

  beforeAll(async () => {
    for (let host = 11; host < 11 + HOSTS; host++) await netns.addClient(`192.0.2.${host}`)
    await netns.listen(22)
  })
  afterEach(() => daemon.stop())

  async function start(source: string): Promise<void> {
    // Many logs write whole seconds: a door of one second may be over when its line is read.
    daemon = new LiveDaemon(netns, { folder: folder.path, config: doorConfig({ prefix, source, openFor: '3s' }) })
    await daemon.until('source-running')
  }

  /** One sequence after the other, each of which must have opened and closed before that address knocks again. */
  async function knockFor(seconds: number, one: (host: string) => Promise<void>, lost: (sequences: number) => Promise<number> = async () => 0): Promise<number> {
    let sequences = 0
    for (const end = Date.now() + seconds * 1000; Date.now() < end; sequences++) {
      await one(`192.0.2.${11 + (sequences % HOSTS)}`)
      await new Promise((resolve) => setTimeout(resolve, 150))
    }
    const whole = sequences - (await lost(sequences))
    await daemon.until('closed', whole)
    return whole
  }

  /** A journald that was started just now reads the whole ring of the kernel log first. */
  async function caughtUp(): Promise<void> {
    for (let tries = 0; daemon.named('opened').length === 0; tries++) {
      expect(tries).toBeLessThan(10)
      await knock(netns, '192.0.2.11')
      await daemon.until('opened', 1, 2000).catch(() => {})
    }
    await daemon.until('closed')
    daemon.records.length = 0
  }

  describe('rsyslog, a file and logrotate every second', () => {
    it.each([
      ['create', (log: string, pidFile: string) => `${log} {\n rotate 1000\n create\n postrotate\n kill -HUP $(cat ${pidFile})\n endscript\n}\n`],
      ['copytruncate', (log: string) => `${log} {\n rotate 1000\n copytruncate\n}\n`],
    ])('%s', async (mode, rotation) => {
      const work = join(folder.path, `rsyslog-${mode}`)
      mkdirSync(work)
      const [log, pidFile, conf] = [join(work, 'kern.log'), join(work, 'pid'), join(work, 'rotate.conf')] as const
      writeFileSync(join(work, 'rsyslog.conf'), `module(load="imklog" permitnonkernelfacility="off")\nglobal(workDirectory="${work}")\nkern.* action(type="omfile" file="${log}")\n`)
      writeFileSync(conf, rotation(log, pidFile), { mode: 0o644 })
      writeFileSync(log, '', { mode: 0o644 })
      await loadRules(netns, prefix)
      const rsyslog = netns.start('server', ['rsyslogd', '-n', '-f', join(work, 'rsyslog.conf'), '-i', pidFile])
      await start(`follow = file:${log}\nparser = kernel\nprefix = "${prefix}"`)
      await knock(netns, '192.0.2.11')
      await daemon.until('closed')
      daemon.records.length = 0
      const rotating = new Rotating(() => netns.inServer(['logrotate', '-f', '-s', join(work, 'state'), conf]))
      try {
        const sequences = await knockFor(SECONDS, (host) => knock(netns, host), async (knocked) => {
          // Amid a rotation a file may be counted by both its names, or by none.
          await rotating.end()
          // What is written between the copy and the truncation is in no file: logrotate(8) says so itself.
          return 3 * (knocked + 1) - linesIn(work)
        })
        expect(daemon.named('open').length).toBeGreaterThanOrEqual(sequences)
        expect(sequences).toBeGreaterThan(SECONDS)
        if (mode === 'create') expect(3 * (daemon.named('open').length + 1)).toBe(linesIn(work))
        expect(daemon.named('source-lost')).toEqual([])
        expect(existsSync(`${log}.2`)).toBe(true)
      } finally {
        await rotating.end()
        rsyslog.kill('SIGKILL')
      }
    }, 30_000 + 3000 * SECONDS)
  })

  /** Knocks in a log and in what it was rotated to. */
  function linesIn(work: string): number {
    const texts = readdirSync(work).filter((name) => name.startsWith('kern.log')).map((name) => readFileSync(join(work, name), 'latin1'))
    return texts.join('').split('\n').filter((line) => line.includes(prefix)).length
  }

  it('journald', async () => {
    mkdirSync('/run/systemd/journal', { recursive: true })
    await loadRules(netns, prefix)
    const journald = spawn('/usr/lib/systemd/systemd-journald', { stdio: 'ignore' })
    try {
      await start(`follow = journald\nprefix = "${prefix}"`)
      await caughtUp()
      const sequences = await knockFor(SECONDS / 2, (host) => knock(netns, host))
      expect(daemon.named('open').length).toBe(sequences)
    } finally {
      journald.kill()
    }
  }, 30_000 + 3000 * SECONDS)

  it('tcpdump on a netfilter group, as on pflog', async () => {
    await loadRules(netns, prefix, 'log group 5 queue-threshold 1')
    await start('follow = command:tcpdump -n -l -tt --immediate-mode -i nflog:5\nparser = tcpdump')
    // tcpdump says when it listens only on its standard error.
    await daemon.untilTrue(() => daemon.named('source-note').some(({ text }) => text.includes('listening on')), 'tcpdump listens')
    const sequences = await knockFor(SECONDS / 2, (host) => knock(netns, host))
    expect(daemon.named('open').length).toBe(sequences)
  }, 30_000 + 3000 * SECONDS)

  it('nginx', async () => {
    const work = join(folder.path, 'nginx')
    mkdirSync(join(work, 'logs'), { recursive: true })
    chmodSync(work, 0o755)
    const log = join(work, 'access.log')
    writeFileSync(join(work, 'nginx.conf'), `daemon off; pid ${work}/pid; error_log ${work}/error.log;
events {}
http { client_body_temp_path ${work}/b; proxy_temp_path ${work}/p; fastcgi_temp_path ${work}/f; uwsgi_temp_path ${work}/u; scgi_temp_path ${work}/s;
access_log ${log} combined; server { listen 80; location / { return 404; } } }\n`)
    await loadRules(netns, prefix)
    const nginx = netns.start('server', ['nginx', '-p', work, '-c', join(work, 'nginx.conf')])
    try {
      await start(`follow = file:${log}\nparser = clf`)
      const paths = ['/sundial-9c1f70ab', '/lichen-0b7e4d92']
      daemon.configure(daemon.config.replace(`sequence = ${KNOCKS.join(', ')}`, `sequence = ${paths.map((path) => `GET ${path}`).join(', ')}`))
      daemon.signal('SIGHUP')
      await daemon.until('config-loaded')
      const ask = (host: string): Promise<unknown> => netns.inClient(['sh', '-c', paths.map((path) =>
        `printf 'GET ${path} HTTP/1.0\\r\\n\\r\\n' | nc -w2 -s ${host} ${addressOf('server', 4)} 80`).join('; ')])
      const sequences = await knockFor(SECONDS / 2, async (host) => void await ask(host))
      expect(daemon.named('open').length).toBe(sequences)
    } finally {
      nginx.kill('SIGKILL')
    }
  }, 30_000 + 3000 * SECONDS)
})
