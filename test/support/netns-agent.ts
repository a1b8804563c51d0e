import { connect, createServer } from 'node:net'

/** Runs inside a network namespace and does there what its parent asks for. */

export type AgentRequest =
  | { readonly id: number; readonly ask: 'listen'; readonly port: number; readonly host: string }
  | { readonly id: number; readonly ask: 'connect'; readonly port: number; readonly host: string; readonly from: string | undefined; readonly limitMs: number }

export interface AgentReply {
  readonly id: number
  /** Undefined: it went well. */
  readonly problem?: string
}

type Asked<A> = Extract<AgentRequest, { ask: A }>

function answer(id: number, problem?: string): void {
  process.send!({ id, ...(problem !== undefined && { problem }) } satisfies AgentReply)
}

/** Greets whoever connects, and leaves the connection open. */
function listen({ id, port, host }: Asked<'listen'>): void {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.write('hello\n')
  })
  server.on('error', (error) => answer(id, error.message))
  server.listen({ port, host, ipv6Only: host.includes(':') }, () => answer(id))
}

function tryConnect({ id, port, host, from, limitMs }: Asked<'connect'>): void {
  const socket = connect({ port, host, ...(from !== undefined && { localAddress: from }) })
  const end = (problem?: string): void => {
    clearTimeout(limit)
    socket.removeAllListeners()
    socket.on('error', () => {})
    socket.destroy()
    answer(id, problem)
  }
  const limit = setTimeout(() => end('no answer in time'), limitMs)
  socket.on('error', (error) => end(error.message))
  socket.on('data', () => end())
}

process.on('message', (request: AgentRequest) => {
  if (request.ask === 'listen') listen(request)
  else tryConnect(request)
})
process.on('disconnect', () => process.exit())
