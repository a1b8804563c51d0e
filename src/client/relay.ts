import type { Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { KnocktailError, reasonOf } from '../error.ts'

/**
 * Joins two streams to a connection, as ssh's ProxyCommand wants it, until the server has ended it: the end of the input is passed on, and
 * what is still on its way back arrives. Throws a KnocktailError if it broke.
 */
export async function relay(socket: Socket, input: Readable, output: Writable): Promise<void> {
  socket.setNoDelay(true)
  // The server may have gone while somebody was typing; the other direction tells.
  const sent = pipeline(input, socket).catch(() => {})
  try {
    await pipeline(socket, output, { end: false })
  } catch (error) {
    throw new KnocktailError('failed', `the connection broke: ${reasonOf(error)}`)
  } finally {
    input.destroy()
    socket.destroy()
    await sent
  }
}
