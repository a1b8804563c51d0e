import type { Server, Socket } from 'node:net'
import type { Controlled } from './controlled.ts'
import { answer, LONGEST_REQUEST, refusal } from './protocol.ts'
import type { Right } from './verbs.ts'

/** So many are served at a time, by each socket for itself: who may only look cannot keep out who may change. */
const MOST_CLIENTS = 16

export interface Limits {
  /** So long a client may take to write its request, and so long to read the reply. */
  readonly patienceMs: number
}

const NEWLINE = 10

/** Serves those who connect to a socket. Nothing that they send, or fail to, harms anybody but themselves. */
export function serve(server: Server, right: Right, controlled: Controlled, { patienceMs }: Limits = { patienceMs: 5000 }): void {
  const clients = new Set<Socket>()
  server.on('connection', (socket) => {
    socket.on('error', () => socket.destroy())
    if (clients.size >= MOST_CLIENTS) return finish(socket, refusal('too many are asking at the same time: try again'), patienceMs)
    clients.add(socket)
    socket.on('close', () => clients.delete(socket))
    void readRequest(socket, patienceMs).then(async (read) => {
      const reply = 'line' in read ? await answer(read.line, right, controlled) : refusal(read.why)
      finish(socket, reply, patienceMs)
    })
  })
  server.on('close', () => {
    for (const socket of clients) socket.destroy()
  })
}

/** The first line that is sent; what comes after it is not read. */
function readRequest(socket: Socket, patienceMs: number): Promise<{ readonly line: string } | { readonly why: string }> {
  const chunks: Buffer[] = []
  let bytes = 0
  return new Promise((resolve) => {
    const end = (read: { line: string } | { why: string }): void => {
      clearTimeout(limit)
      socket.removeAllListeners('data').pause()
      resolve(read)
    }
    const limit = setTimeout(() => end({ why: `no request within ${patienceMs / 1000} s` }), patienceMs)
    socket.on('data', (chunk) => {
      const at = chunk.indexOf(NEWLINE)
      const more = at < 0 ? chunk : chunk.subarray(0, at)
      bytes += more.length
      if (bytes > LONGEST_REQUEST) return end({ why: `a request has at most ${LONGEST_REQUEST} bytes` })
      chunks.push(more)
      if (at >= 0) end({ line: Buffer.concat(chunks).toString() })
    })
    for (const name of ['end', 'close'] as const) socket.once(name, () => end({ why: 'the request ended before its line did' }))
  })
}

function finish(socket: Socket, reply: string, patienceMs: number): void {
  const limit = setTimeout(() => socket.destroy(), patienceMs)
  socket.once('close', () => clearTimeout(limit))
  // What was sent beyond the request is thrown away, so that the end is not a reset.
  socket.on('data', () => {}).resume()
  socket.end(reply, () => socket.destroySoon())
}
