import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ask, NotRunning } from '../src/control/client.ts'
import type { Answer, Controlled, Listing, Status, Story } from '../src/control/controlled.ts'
import { answer, LONGEST_REQUEST } from '../src/control/protocol.ts'
import { serve } from '../src/control/server.ts'
import { openSockets } from '../src/control/sockets.ts'
import { VERBS, type Right } from '../src/control/verbs.ts'
import { eventually } from './support/eventually.ts'
import { useFolder } from './support/run.ts'

const folder = useFolder()

/** Stands for a daemon: writes down what it is asked. */
class Recorder implements Controlled {
  readonly asked: unknown[] = []
  readonly #note = (...what: unknown[]): Promise<Answer> => {
    this.asked.push(what)
    return Promise.resolve({ ok: true, text: 'done' })
  }
  status = (): Status => ({ v: 1, pid: 1, since: '', mode: 'enforce', conditions: [], sources: [], rules: [], grants: 0, waiting: 0, addresses: 0 })
  list = (): Listing => ({ v: 1, grants: [], attempts: [], deaf: [] })
  story = (address: string): Story => ({ v: 1, address, knocks: [], attempts: [], grants: [], deaf: [] })
  open = (wish: object): Promise<Answer> => this.#note('open', wish)
  close = (address: string, rule: string | undefined): Promise<Answer> => this.#note('close', address, rule)
  closeAll = (): Promise<Answer> => this.#note('close-all')
  pause = (rule: string | undefined): Promise<Answer> => this.#note('pause', rule)
  resume = (rule: string | undefined): Promise<Answer> => this.#note('resume', rule)
  reload = (force: boolean): Promise<Answer> => this.#note('reload', force)
  reconcile = (): Promise<Answer> => Promise.reject(new Error('it fell over'))
}

let daemon = new Recorder()
beforeEach(() => {
  daemon = new Recorder()
})

const say = async (request: unknown, right: Right = 'change'): Promise<Record<string, unknown>> =>
  JSON.parse(await answer(typeof request === 'string' ? request : JSON.stringify(request), right, daemon)) as Record<string, unknown>

describe('a request', () => {
  it.each([
    [{ verb: 'open', address: '2001:DB8::0:7', rule: 'ssh', forMs: 1500 }, ['open', { address: '2001:db8::7', rule: 'ssh', user: undefined, openFor: 1_500_000 }]],
    [{ verb: 'open', address: '192.0.2.7', rule: 'ssh', user: 'alice' }, ['open', { address: '192.0.2.7', rule: 'ssh', user: 'alice', openFor: undefined }]],
    [{ verb: 'close', address: '192.0.2.7' }, ['close', '192.0.2.7', undefined]],
    [{ verb: 'close-all' }, ['close-all']],
    [{ verb: 'pause', rule: 'ssh' }, ['pause', 'ssh']],
    [{ verb: 'reload' }, ['reload', false]],
  ])('%j is understood', async (request, expected) => {
    expect(await say(request)).toEqual({ ok: true, text: 'done' })
    expect(daemon.asked).toEqual([expected])
  })

  it.each([
    [{ verb: 'open', address: '1', rule: 'ssh' }, 'address: "1" is no address'],
    [{ verb: 'open', address: '192.0.2.7' }, 'rule:'],
    [{ verb: 'open', address: '192.0.2.7', rule: 'ssh', forMs: 0 }, 'forMs:'],
    [{ verb: 'open', address: '192.0.2.7', rule: 'ssh', for: '1h' }, 'for:'],
    [{ verb: 'close' }, 'address:'],
    [{ verb: 'sudo' }, 'there is no verb "sudo": status, list,'],
    [{ verb: 'toString' }, 'there is no verb'],
    [{ verb: ['open'] }, 'there is no verb'],
    [{}, 'there is no verb'],
    ['[]', 'no JSON object'], ['null', 'no JSON object'], ['{', 'no JSON object'], ['', 'no JSON object'],
    [{ verb: 'reconcile' }, 'it fell over'],
  ])('%j is refused', async (request, why) => {
    const reply = await say(request)
    expect(reply).toEqual({ ok: false, why: expect.stringContaining(why) as string })
    expect(daemon.asked).toEqual([])
  })

  it('that changes something is refused where one may only look, and only there', async () => {
    for (const [verb, { right }] of Object.entries(VERBS)) {
      const reply = await say({ verb }, 'look')
      expect(String(reply['why']).includes('only root may use'), verb).toBe(right === 'change')
    }
  })

  it('may be anything: it is answered in one line of printable text', async () => {
    await fc.assert(fc.asyncProperty(fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.record({ verb: fc.constantFrom(...Object.keys(VERBS)), address: fc.string(), rule: fc.anything() }).map((value) => JSON.stringify(value))), async (line) => {
      const text = await answer(line, 'change', daemon)
      // oxlint-disable-next-line no-control-regex
      expect(text).toMatch(/^[^\u0000-\u001f\u007f-\u009f]+\n$/)
      expect(JSON.parse(text)).toHaveProperty('ok')
    }))
  })
})

describe('a socket', () => {
  let server: Server
  let path = ''
  let count = 0
  beforeEach(async () => {
    path = join(folder.path, `s${++count}`)
    server = createServer({ allowHalfOpen: true })
    serve(server, 'change', daemon, { patienceMs: 200 })
    await new Promise<void>((resolve) => server.listen(path, resolve))
  })
  afterEach(() => new Promise((resolve) => server.close(resolve)))

  const exchange = (write: (socket: ReturnType<typeof connect>) => void): Promise<string> => new Promise((resolve) => {
    let text = ''
    const socket = connect(path, () => write(socket))
    socket.on('data', (chunk) => (text += chunk.toString()))
    socket.on('error', () => {})
    socket.on('close', () => resolve(text))
  })
  const PAUSE = '{"verb":"pause"}\n'

  it('answers a request, and closes', async () => expect(await exchange((socket) => socket.write(PAUSE))).toBe('{"ok":true,"text":"done"}\n'))

  it('takes a request in pieces, and from a client that ends its half', async () => {
    expect(await exchange((socket) => {
      for (const character of PAUSE) socket.write(character)
      socket.end()
    })).toContain('"ok":true')
  })

  it('reads one request, and nothing of what comes after it', async () => {
    expect((await exchange((socket) => socket.write(PAUSE.repeat(1000)))).split('\n').length).toBe(2)
    expect(daemon.asked.length).toBe(1)
  })

  it.each([
    ['nothing', '', 'no request within 0.2 s'],
    ['half a line', '{"verb":', 'no request within 0.2 s'],
    ['what is too long', 'x'.repeat(LONGEST_REQUEST + 1), `at most ${LONGEST_REQUEST} bytes`],
    ['megabytes', 'x'.repeat(3_000_000), `at most ${LONGEST_REQUEST} bytes`],
    ['what is no JSON', '\u0000\n', 'no JSON object'],
  ])('refuses %s', async (_name, text, why) => expect(await exchange((socket) => socket.write(text))).toContain(why))

  it('answers one line to whatever comes, in whatever pieces', async () => {
    const pieces = fc.array(fc.oneof(fc.constantFrom('{"verb":', '"status"}', '\n', '"pause"', '}'), fc.string({ unit: 'binary', maxLength: 2000 })), { minLength: 1, maxLength: 12 })
    await fc.assert(fc.asyncProperty(pieces, async (texts) => {
      const text = await exchange((socket) => {
        for (const piece of texts) socket.write(piece)
        socket.end()
      })
      expect(text.split('\n').length).toBe(2)
      expect(JSON.parse(text)).toHaveProperty('ok')
    }), { numRuns: 200 })
  })

  it('says so to a client that ends half a line', async () => expect(await exchange((socket) => socket.end('{"verb"'))).toContain('ended before its line did'))

  it('serves sixteen at a time, whatever they do, and goes on when they have gone', async () => {
    const silent = Array.from({ length: 40 }, () => exchange(() => {}))
    const replies = await Promise.all(silent)
    expect(replies.filter((text) => text.includes('too many')).length).toBe(24)
    expect(await exchange((socket) => socket.write(PAUSE))).toContain('"ok":true')
  })

  it('is not held by clients that read nothing, or vanish', async () => {
    for (let number = 0; number < 20; number++) connect(path, function (this: ReturnType<typeof connect>) {
      this.write(PAUSE)
      this.pause()
      if (number % 2 === 0) this.destroy()
    })
    await eventually(async () => expect(await exchange((socket) => socket.write(PAUSE))).toContain('"ok":true'))
  })
})

describe('the folder of the sockets', () => {
  const gid = process.getegid!()
  let count = 0
  const newPath = (): string => join(folder.path, `run${++count}`)

  it('is for its owner and one group, each socket as it should be, whatever the umask', async () => {
    const path = newPath()
    const before = process.umask(0)
    const sockets = await openSockets(path, gid)
    expect(process.umask(before)).toBe(0)
    const modes = ['', 'status.sock', 'control.sock'].map((name) => (statSync(join(path, name)).mode & 0o777).toString(8))
    expect(modes).toEqual(['750', '660', '600'])
    sockets.serve(daemon)
    expect(await ask(path, 'status')).toMatchObject({ ok: true, status: { pid: 1 } })
    await ask(path, 'close', { address: '192.0.2.7' })
    await expect(ask(path, 'reconcile')).rejects.toThrow('it fell over')
    expect(daemon.asked).toEqual([['close', '192.0.2.7', undefined]])
    sockets.close()
    await expect(ask(path, 'status')).rejects.toThrow(NotRunning)
  })

  it('takes the place of sockets that nobody listens to, and not of others', async () => {
    const path = newPath()
    mkdirSync(path, { mode: 0o750 })
    writeFileSync(join(path, 'status.sock'), '')
    const sockets = await openSockets(path, gid)
    await expect(openSockets(path, gid)).rejects.toThrow('another knocktail uses it')
    sockets.close()
  })

  it('is no link, no file, and holds nothing of others that would be shut to them', async () => {
    const [link, file, shared] = [newPath(), newPath(), newPath()]
    mkdirSync(shared, { mode: 0o755 })
    symlinkSync(shared, link)
    writeFileSync(file, '')
    await expect(openSockets(link, gid)).rejects.toThrow('it is no folder')
    await expect(openSockets(file, gid)).rejects.toThrow('cannot be used')
    writeFileSync(join(shared, 'other.pid'), '')
    await expect(openSockets(shared, gid)).rejects.toThrow('other.pid is in it')
    expect(statSync(shared).mode & 0o777).toBe(0o755)
  })
})
