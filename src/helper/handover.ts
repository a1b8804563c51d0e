import { rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { Micros } from '../../parsers/time.ts'
import type { Entries } from '../firewalls/entries.ts'
import { parseRequest } from './protocol.ts'

/** In the helper's folder, which is the current one: a socket's path may have 107 bytes only. */
const SOCKET = 'socket'
const LIMIT_MS = 90_000

/** Lets the next helper have our entries as soon as `free` resolves; then nobody needs us any more. */
export function offerEntries(entries: Entries, now: () => Micros, free: () => Promise<void>): void {
  rmSync(SOCKET, { force: true })
  const server = createServer((socket) => {
    socket.on('error', () => {})
    void free().then(() => {
      const lines = entries.due(Number.POSITIVE_INFINITY).map(({ target, address, deadline }) =>
        `1 add ${target} ${address} ${Math.max(1, Math.ceil((deadline - now()) / 1e6))}\n`)
      socket.end(lines.join(''), () => process.exit())
    })
  })
  server.listen(SOCKET).unref()
}

/** Waits until a helper that lingers has left, and takes its entries over. */
export function inheritEntries(entries: Entries, now: () => Micros): Promise<void> {
  let text = ''
  return new Promise((resolve) => {
    const socket = connect(SOCKET)
    socket.setTimeout(LIMIT_MS, () => socket.destroy())
    socket.on('data', (chunk) => (text += chunk.toString('latin1')))
    socket.on('error', () => {})
    socket.on('close', () => {
      const requests = text.split('\n').map(parseRequest)
      for (const request of requests) if ('seconds' in request) entries.put(request, (now() + request.seconds * 1e6) as Micros, true)
      resolve()
    })
  })
}
