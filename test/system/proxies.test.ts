import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, expect, it } from 'vitest'
import { doorConfig, loadRules } from '../support/door.ts'
import { eventually } from '../support/eventually.ts'
import { LiveDaemon } from '../support/live.ts'
import { addressOf, useNetns } from '../support/netns.ts'
import { run, useFolder } from '../support/run.ts'
import { systemTest } from '../support/system.ts'

/** A real proxy before a real web server, and a client who writes X-Forwarded-For himself. */

const CLIENT = addressOf('client', 4)
const LIAR = '203.0.113.66'
const [FRONT, BACK] = [8080, 8081]
const PATHS = ['/sundial-9c1f70ab', '/lichen-0b7e4d92']

systemTest(['ip', 'nft', 'nginx', 'nc', 'sh'])('behind nginx as a proxy', () => {
  const netns = useNetns()
  const folder = useFolder()
  const log = join(folder.path, 'access.log')
  let daemon: LiveDaemon | undefined

  beforeAll(async () => {
    await loadRules(netns, 'unused: ')
    mkdirSync(join(folder.path, 'tmp'))
    appendFileSync(log, '')
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder.path}/tmp/${kind};`).join(' ')
    const conf = folder.write('nginx.conf', `user root; daemon off; pid ${folder.path}/nginx.pid; error_log ${folder.path}/error.log;
events {}
http {
  ${temporary}
  log_format main '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$http_x_forwarded_for"';
  server { listen ${FRONT}; access_log off; location / { proxy_pass http://127.0.0.1:${BACK}; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; } }
  server { listen ${BACK}; access_log ${log} main; location / { return 404; } }
}
`)
    netns.start('server', ['nginx', '-c', conf])
    await eventually(async () => expect(await ask('/')).toContain('404'))
  })
  afterEach(() => daemon?.stop())

  async function ask(path: string, port = FRONT, header = `X-Forwarded-For: ${LIAR}\\r\\n`): Promise<string> {
    const { stdout } = await netns.inClient(['sh', '-c', `printf 'GET ${path} HTTP/1.0\\r\\n${header}\\r\\n' | nc -w2 ${addressOf('server', 4)} ${port}`])
    return stdout
  }

  const config = (proxies: string): string => doorConfig({ prefix: '', global: proxies, source: `follow = file:${log}\nparser = clf`, openFor: '60s' })
    .replace(/sequence = .*/, `sequence = ${PATHS.map((path) => `GET ${path}`).join(', ')}`)

  it('the client is whom the proxy had the request from, not whom he names; whoever comes by no proxy is himself', async () => {
    daemon = new LiveDaemon(netns, { folder: folder.path, config: config('proxies = 127.0.0.1') })
    await daemon.until('source-running')
    await netns.addClient('192.0.2.9')
    for (const path of PATHS) await ask(path)
    expect((await daemon.until('open'))['address']).toBe(CLIENT)
    await daemon.until('opened')
    for (const path of PATHS) await netns.inClient(['sh', '-c', `printf 'GET ${path} HTTP/1.0\\r\\nX-Forwarded-For: ${LIAR}, 127.0.0.1\\r\\n\\r\\n' | nc -w2 -s 192.0.2.9 ${addressOf('server', 4)} ${BACK}`])
    expect((await daemon.until('open', 2))['address']).toBe('192.0.2.9')
  })

  it('without `proxies` nobody is opened, and check says why', async () => {
    daemon = new LiveDaemon(netns, { folder: folder.path, config: config('') })
    await daemon.until('source-running')
    for (const path of PATHS) await ask(path)
    expect(await daemon.until('refused')).toMatchObject({ address: '127.0.0.1' })
    expect(daemon.named('open')).toEqual([])
    const own = folder.write('own.log', `${'127.0.0.1 - - [20/Nov/2026:23:36:58 +0000] "GET / HTTP/1.0" 404 9 "-" "-" "192.0.2.2"\n'.repeat(5)}`)
    expect((await run(['check', '-c', folder.write('checked.conf', config('').replace(log, own))])).stdout).toContain('proxies = 127.0.0.1, and let the web server log X-Forwarded-For')
  })
})
