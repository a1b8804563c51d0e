import { once } from 'node:events'
import { request } from 'node:http'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { RequestStep } from '../../rules/rule.ts'
import { KnocktailError, reasonOf } from '../error.ts'
import { printable } from '../printable.ts'
import type { Origin, Trust } from './profile.ts'
import type { Route } from './route.ts'

/** From the connection's begin to the answer's. */
const LIMIT_MS = 10_000

/** Where requests are made. The connection goes where the other knocks go, whatever the origin's name resolves to. */
export interface Server {
  readonly origin: Origin
  readonly trust: Trust
}

/**
 * Makes a request. Any answer will do: it is the server's log that counts. Throws a KnocktailError if there is none, or if the server is
 * not the one it should be: then it was told nothing.
 */
export async function sendRequest(step: RequestStep, server: Server, route: Route): Promise<void> {
  const limit = AbortSignal.timeout(LIMIT_MS)
  let socket: Socket | undefined
  try {
    socket = await open(server, route, limit)
    await ASK[server.origin.scheme](step, server.origin, socket, limit)
  } catch (error) {
    const why = limit.aborted ? `no answer within ${LIMIT_MS / 1000} s` : reasonOf(error)
    throw new KnocktailError('failed', `the request to ${printable(server.origin.host)} (${route.address}:${server.origin.port}) failed: ${why}`)
  } finally {
    socket?.destroy()
  }
}

async function open({ origin, trust }: Server, { address, source }: Route, signal: AbortSignal): Promise<Socket> {
  const way = { host: address, port: origin.port, localAddress: source }
  if (origin.scheme === 'http') {
    const socket = connect(way)
    await once(socket, 'connect', { signal }).catch((error: unknown) => closing(socket, error))
    return socket
  }
  const name = isIP(origin.host) === 0 ? { servername: origin.host } : {}
  const socket = connectTls({ ...way, ...name, rejectUnauthorized: trust.kind === 'authorities' })
  await once(socket, 'secureConnect', { signal }).catch((error: unknown) => closing(socket, error))
  if (trust.kind === 'pinned') requirePinned(trust.sha256, socket)
  return socket
}

function closing(socket: Socket, error: unknown): never {
  socket.destroy()
  throw error
}

/** Before anything is written: a token is worth a door to whoever reads it. */
function requirePinned(sha256: string, socket: TLSSocket): void {
  const shown = socket.getPeerX509Certificate()?.fingerprint256.replaceAll(':', '').toLowerCase()
  if (shown === sha256) return
  closing(socket, new Error(`its certificate is another one: sha256:${shown ?? 'none'}`))
}

type Ask = (step: RequestStep, origin: Origin, socket: Socket, signal: AbortSignal) => Promise<void>

const askHttp: Ask = async ({ method, path }, { host, port }, socket, signal) => {
  const named = isIP(host) === 6 ? `[${host}]` : host
  const headers = { host: [80, 443].includes(port) ? named : `${named}:${port}`, connection: 'close', ...(method === 'POST' && { 'content-length': 0 }) }
  const asked = request({ method, path, headers, createConnection: () => socket, signal })
  asked.end()
  await once(asked, 'response', { signal })
}

/** https://geminiprotocol.net/docs/protocol-specification.gmi: the whole address is the request. */
const askGemini: Ask = async ({ path }, { host, port }, socket, signal) => {
  const named = isIP(host) === 6 ? `[${host}]` : host
  socket.write(`gemini://${named}${port === 1965 ? '' : `:${port}`}${path}\r\n`)
  await once(socket, 'data', { signal })
}

const ASK: Readonly<Record<Origin['scheme'], Ask>> = { https: askHttp, http: askHttp, gemini: askGemini }
