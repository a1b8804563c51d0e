import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { Route } from './route.ts'

/** A door opens some milliseconds after the last knock was logged, some hundred where a log is written lazily. */
const FIRST_GAP_MS = 50
const LONGEST_GAP_MS = 1000

/**
 * Tries a TCP port until it answers; undefined: it did not within that time. Tries begin at growing distances and all stay under way: one
 * that was dropped would only be sent again after a second, and one that is given up early would never succeed over a slow line.
 */
export async function waitForAnswer(port: number, route: Route, limitMs: number): Promise<Socket | undefined> {
  const end = new AbortController()
  const tries = new Set<Socket>()
  const winner = new Promise<Socket>((resolve) => {
    void begin((socket) => {
      tries.add(socket)
      socket.once('connect', () => resolve(socket))
      // Refused, or gone while others are under way: the next try tells more.
      socket.on('error', () => tries.delete(socket))
    })
  })
  const won = await Promise.race([winner, pause(limitMs, undefined, { signal: end.signal })])
  end.abort()
  for (const socket of tries) if (socket !== won) socket.destroy()
  return won

  async function begin(watch: (socket: Socket) => void): Promise<void> {
    for (let gapMs = FIRST_GAP_MS; !end.signal.aborted; gapMs = Math.min(2 * gapMs, LONGEST_GAP_MS)) {
      watch(connect({ host: route.address, port, localAddress: route.source, allowHalfOpen: true }))
      await pause(gapMs, undefined, { signal: end.signal }).catch(() => {})
    }
  }
}
