import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { startHelper } from '../src/front/client.ts'
import type { HelperEvents } from '../src/front/helper.ts'
import { eventually } from './support/eventually.ts'
import { useFolder } from './support/run.ts'

/** A helper that is reached by a socket; the one behind it here says only what a test wants. */

const folder = useFolder()
const server = createServer({ pauseOnConnect: true })
const sockets: Socket[] = []
let count = 0

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
  server.close()
})

async function listen(greet: (socket: Socket) => void): Promise<string> {
  const path = join(folder.path, `socket${++count}`)
  server.removeAllListeners('connection').on('connection', (socket: Socket) => {
    sockets.push(socket)
    greet(socket)
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return `unix:${path}`
}

const told: string[] = []
const events: HelperEvents = { changed: () => {}, note: () => {}, ended: (why) => told.push(why) }

it('serves, and is told to have ended when it goes, also with what it was asked and had not read', async () => {
  const helper = await startHelper([await listen((socket) => socket.write('- ready 1\n'))], events)
  const ping = helper.ping()
  sockets[0]!.destroy()
  expect(await ping).toEqual({ kind: 'failed', why: 'the helper has ended' })
  await eventually(() => expect(told).toEqual([expect.stringMatching(/^(?:connection reset by peer|broken pipe|it has ended)/)]))
  expect(await helper.ping()).toEqual({ kind: 'failed', why: 'the helper is not running' })
})

it('is left as it is asked to, and then nobody is told of its end', async () => {
  told.length = 0
  const helper = await startHelper([await listen((socket) => {
    socket.resume().on('data', (chunk) => socket.write(`${chunk.toString().split(' ')[0]} done\n`))
    socket.write('- ready 1\n')
  })], events)
  expect(await helper.ping()).toEqual({ kind: 'done' })
  await helper.leave()
  await eventually(() => expect(sockets[0]!.destroyed).toBe(true))
  expect(told).toEqual([])
})

it('that is not there, or goes at once, is no helper', async () => {
  await expect(startHelper([`unix:${join(folder.path, 'nothing')}`], events)).rejects.toThrow(/could not be started \(unix:\S+\): no such file or directory/)
  await expect(startHelper([await listen((socket) => socket.destroy())], events)).rejects.toThrow(/it has ended: its own journal tells why/)
})
