import { rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { Address } from '../../parsers/address.ts'
import type { Micros } from '../../parsers/time.ts'
import { formatRequest, parseRequest } from './protocol.ts'
import type { TargetId } from '../firewalls/target.ts'

/** In the current folder: a path may have 107 bytes only. */
const SOCKET = 'socket'
const HANDOVER_LIMIT_MS = 90_000

/** Entries that nobody but this process would close if the front died: by when, on the boot clock. */
export class Entries {
  readonly #deadlines = new Map<string, { readonly deadline: Micros; readonly isInherited: boolean }>()

  put(target: TargetId, address: Address, deadline: Micros, isInherited = false): void {
    this.#deadlines.set(`${target} ${address}`, { deadline, isInherited })
  }

  delete(target: TargetId, address: Address): void {
    this.#deadlines.delete(`${target} ${address}`)
  }

  /** Those that came from a helper before, and of which no front has said anything since, are nobody else's. */
  keepInherited(): void {
    for (const [key, { isInherited }] of this.#deadlines) if (!isInherited) this.#deadlines.delete(key)
  }

  due(now: Micros): { readonly target: TargetId; readonly address: Address; readonly deadline: Micros }[] {
    return [...this.#deadlines].flatMap(([key, { deadline }]) => {
      const [target, address] = key.split(' ')
      return deadline > now ? [] : [{ target: target as TargetId, address: address as Address, deadline }]
    })
  }

  get size(): number {
    return this.#deadlines.size
  }
}

/** Lets the next helper have our entries as soon as `free` resolves; then we are not needed any more. */
export function offerEntries(entries: Entries, now: () => Micros, free: () => Promise<void>): void {
  rmSync(SOCKET, { force: true })
  const server = createServer((socket) => {
    socket.on('error', () => {})
    void free().then(() => {
      const lines = entries.due(Number.POSITIVE_INFINITY as Micros).map(({ target, address, deadline }) =>
        formatRequest({ id: 1, verb: 'add', target, address, seconds: Math.max(1, Math.ceil((deadline - now()) / 1e6)) }))
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
    socket.setTimeout(HANDOVER_LIMIT_MS, () => socket.destroy())
    socket.on('data', (chunk) => (text += chunk.toString('latin1')))
    socket.on('error', () => {})
    socket.on('close', () => {
      for (const line of text.split('\n')) {
        const request = parseRequest(line)
        if ('verb' in request && request.verb === 'add') entries.put(request.target, request.address, (now() + request.seconds * 1e6) as Micros, true)
      }
      resolve()
    })
  })
}
