import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { join } from 'node:path'
import { createServer as createTls } from 'node:tls'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { MILLISECOND, type Micros } from '../../parsers/time.ts'
import { tokenOf } from '../../rules/derive/mac.ts'
import { parseSecret } from '../../rules/derive/secret.ts'
import { timeStepAt } from '../../rules/derive/time-step.ts'
import { run, useFolder, type Ran } from '../support/run.ts'
import { systemTest } from '../support/system.ts'

/** Knocks that are requests, at real servers with a certificate that no authority vouches for. */

const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'

systemTest(['openssl'])('requests', () => {
  const folder = useFolder()
  const home = join(folder.path, 'knocktail')
  const heard: string[] = []
  const servers: Server[] = []
  let pin: string

  beforeAll(() => {
    mkdirSync(home)
    writeFileSync(join(home, 'a.secret'), SECRET, { mode: 0o600 })
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', join(home, 'key'), '-out', join(home, 'cert'), '-subj', '/CN=gate.example.org', '-addext', 'subjectAltName=DNS:gate.example.org'], { stdio: 'ignore' })
    pin = `sha256:${new X509Certificate(readFileSync(join(home, 'cert'))).fingerprint256}`
  })

  afterAll(() => servers.forEach((server) => server.close()))

  const tls = (): { key: Buffer; cert: Buffer } => ({ key: readFileSync(join(home, 'key')), cert: readFileSync(join(home, 'cert')) })

  function onRequest({ method, url, headers }: IncomingMessage, response: ServerResponse): void {
    heard.push(`${method} ${url} ${headers.host}`)
    response.writeHead(404).end()
  }

  async function serve(server: Server): Promise<number> {
    servers.push(server.listen(0, '127.0.0.1'))
    await once(server, 'listening')
    heard.length = 0
    return (server.address() as AddressInfo).port
  }

  function knock(lines: string): Promise<Ran> {
    const profiles = join(home, 'profiles.conf')
    writeFileSync(profiles, `[a]\n${lines}\n`)
    chmodSync(profiles, 0o600)
    return run(['knock', '127.0.0.1', 'a', '--quiet'], { env: { XDG_CONFIG_HOME: folder.path } })
  }

  const token = (): string => tokenOf(parseSecret(SECRET)!, { hostId: 'gate', rule: 'web', user: 'alice', timeStep: timeStepAt((Date.now() * MILLISECOND) as Micros) })
  const TOKEN = 'sequence = token\nsecret = a.secret\nhost_id = gate\nrule = web\nuser = alice\n'

  it('tell a server that is not the one nothing', async () => {
    const port = await serve(createHttps(tls(), onRequest))
    const origin = `origin = https://gate.example.org:${port}\n`
    const messages = [['', 'self-signed certificate'], [`certificate = sha256:${'00'.repeat(32)}`, 'its certificate is another one: sha256:']] as const
    for (const [certificate, message] of messages) {
      const { code, stderr } = await knock(`${TOKEN}${origin}${certificate}`)
      expect([code, stderr]).toEqual([1, expect.stringContaining(`the request to gate.example.org (127.0.0.1:${port}) failed: ${message}`)])
    }
    expect(heard).toEqual([])
  })

  it.each(['pinned', 'any'])('carry a token by POST; that the page is not there does not matter (%s)', async (trust) => {
    const port = await serve(createHttps(tls(), onRequest))
    const before = token()
    const { code, stderr } = await knock(`${TOKEN}origin = https://gate.example.org:${port}\ncertificate = ${trust === 'any' ? 'any' : pin}`)
    expect([code, stderr]).toEqual([0, ''])
    expect([before, token()].map((text) => `POST /knock/${text} gate.example.org:${port}`)).toContainEqual(heard[0])
    expect(heard.length).toBe(1)
  })

  it('carry a token as a Gemini input', async () => {
    const port = await serve(createTls(tls(), (socket) => {
      socket.on('error', () => {})
      socket.once('data', (chunk) => {
        heard.push(chunk.toString())
        socket.end('51 Not found\r\n')
      })
    }))
    const before = token()
    expect(await knock(`${TOKEN}token_path = /k\norigin = gemini://gate.example.org:${port}\ncertificate = ${pin}`)).toEqual({ code: 0, stdout: '', stderr: '' })
    expect([before, token()].map((text) => `gemini://gate.example.org:${port}/k?${text}\r\n`)).toContainEqual(heard[0])
  })

  it('may be steps of a static sequence', async () => {
    const port = await serve(createHttp(onRequest))
    expect(await knock(`sequence = GET /a?b=%20, 9:udp, HEAD /c\norigin = http://127.0.0.1:${port}`)).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(heard).toEqual([`GET /a?b=%20 127.0.0.1:${port}`, `HEAD /c 127.0.0.1:${port}`])
  })

  it('fail where nobody listens', async () => {
    const { code, stderr } = await knock('sequence = GET /a\norigin = http://127.0.0.1:9')
    expect([code, stderr]).toEqual([1, 'knocktail: the request to 127.0.0.1 (127.0.0.1:9) failed: connection refused\n'])
  })
})
