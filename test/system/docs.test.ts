import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it } from 'vitest'
import { useNamespaceLog } from '../support/door.ts'
import { eventually } from '../support/eventually.ts'
import { commandsOf, HOSTS, missingLines, readPage, type Block, type HostName } from '../support/page.ts'
import { PageHosts } from '../support/page-hosts.ts'
import type { Ran } from '../support/run.ts'
import { systemTest } from '../support/system.ts'

/** Each page of docs/, followed to the letter: its files are written, its commands are run, and what it shows is what is printed. */

const DOCS = fileURLToPath(new URL('../../docs', import.meta.url))
/** Some tell and show nothing. */
const PAGES = readdirSync(DOCS).filter((name) => name.endsWith('.md') && readPage(join(DOCS, name)).length > 0)
const TOOLS = ['ip', 'nsenter', 'unshare', 'nft', 'sshd', 'ssh', 'nc', 'knock', 'ufw', 'iptables', 'tcpdmatch', 'nginx', 'nmap', 'oathtool', 'openssl', 'curl', 'faketime', 'doas']
const LIMIT_MS = 60_000
const LONG_AGO = 'export LD_PRELOAD=/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1 FAKETIME=-180s FAKETIME_DONT_FAKE_MONOTONIC=1\n'

systemTest(TOOLS)('the page', () => {
  useNamespaceLog()
  let hosts: PageHosts | undefined
  afterEach(() => hosts?.close())

  it.each(PAGES)('%s does what it says', async (name) => {
    const blocks = readPage(join(DOCS, name))
    const used = HOSTS.filter((host) => host !== 'inner' || blocks.some(({ directive }) => 'host' in directive && directive.host === host))
    hosts = new PageHosts()
    await hosts.open(used)
    const reader = new Reader(hosts, `docs/${name}`)
    for (const block of blocks) await reader.follow(block)
  }, LIMIT_MS)
})

/** Somebody who does what a page says. */
class Reader {
  readonly #hosts: PageHosts
  readonly #page: string
  #output = ''
  #again: () => Promise<Ran> = () => Promise.reject(new Error('no command comes before it'))
  /** What goes on, with what it has said. */
  #log = ''

  constructor(hosts: PageHosts, page: string) {
    this.#hosts = hosts
    this.#page = page
  }

  async follow(block: Block): Promise<void> {
    const { directive } = block
    if (directive.kind === 'run') await this.#run(block, directive.host, directive.fails)
    if (directive.kind === 'file') await this.#write(block, directive.host, directive.path)
    if (directive.kind === 'prints') await this.#compare(block)
    if (directive.kind !== 'stay') return
    if (directive.isKnown) await this.#stop(await this.#stay(block, directive.host, LONG_AGO))
    await this.#stay(block, directive.host, '')
  }

  async #run(block: Block, host: HostName, fails: boolean): Promise<void> {
    this.#output = ''
    for (const command of commandsOf(block)) {
      this.#again = () => this.#hosts.run(host, command)
      const { code, stdout, stderr } = await this.#again()
      this.#output += stdout + stderr
      expect(code === 0, `${this.#page}:${block.line}: ${command}\nended with ${code}\n${stdout}${stderr}\n${this.#log}`).toBe(!fails)
    }
  }

  async #write({ text }: Block, host: HostName, path: string): Promise<void> {
    const { code, stderr } = await this.#hosts.run(host, `mkdir -p ${dirname(path)} && cat > ${path}`, `${text}\n`)
    expect([code, stderr]).toEqual([0, ''])
  }

  /** What is still being done may be printed a moment later. */
  async #compare({ line, text }: Block): Promise<void> {
    await eventually(async () => {
      const missing = missingLines(text, this.#output)
      if (missing.length === 0) return
      const before = this.#output
      const { stdout, stderr } = await this.#again()
      this.#output = stdout + stderr
      expect(missing, `${this.#page}:${line}: in\n${before}\n${this.#log}`).toEqual([])
    }, 5_000)
  }

  async #stay({ line, text }: Block, host: HostName, before: string): Promise<ChildProcess> {
    this.#log = ''
    const child = this.#hosts.start(host, `${before}exec ${text}`)
    for (const output of [child.stdout!, child.stderr!]) output.on('data', (chunk: Buffer) => (this.#log += chunk.toString()))
    await eventually(() => expect(this.#log, `${this.#page}:${line}`).toContain('"source-running"'))
    return child
  }

  async #stop(child: ChildProcess): Promise<void> {
    const end = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    await end
  }
}
