import { connect } from 'node:net'
import { join } from 'node:path'
import { KnocktailError, reasonOf } from '../error.ts'
import { jsonLine } from '../json-line.ts'
import { printable } from '../printable.ts'
import { SOCKETS } from './sockets.ts'
import { VERBS, type VerbName } from './verbs.ts'

const PATIENCE_MS = 30_000
const LONGEST_REPLY = 64 * 1024 * 1024

/** Nobody listens there. */
export class NotRunning extends KnocktailError {}

/** Asks the daemon whose sockets are in that folder; answers its reply. Rejects with a KnocktailError if it does not say yes. */
export async function ask(runDir: string, verb: VerbName, values: Readonly<Record<string, unknown>> = {}): Promise<Readonly<Record<string, unknown>>> {
  const path = join(runDir, SOCKETS[VERBS[verb].right])
  const reply = parseReply(await exchange(path, `${jsonLine({ verb, ...values })}\n`))
  if (reply === undefined) throw new KnocktailError('failed', 'the daemon gave no answer: it is just starting, or ending')
  if (reply['ok'] !== true) throw new KnocktailError('failed', printable(String(reply['why'])))
  return reply
}

function exchange(path: string, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const socket = connect(path, () => socket.write(request))
    const limit = setTimeout(() => socket.destroy(new Error(`no answer within ${PATIENCE_MS / 1000} s`)), PATIENCE_MS)
    socket.on('data', (chunk) => {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes > LONGEST_REPLY) socket.destroy(new Error('its answer has no end'))
    })
    socket.on('error', (error: NodeJS.ErrnoException) => reject(unreached(path, error)))
    socket.on('close', () => {
      clearTimeout(limit)
      resolve(Buffer.concat(chunks).toString())
    })
  })
}

function unreached(path: string, error: NodeJS.ErrnoException): KnocktailError {
  const where = printable(path)
  if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') {
    return new NotRunning('failed', `no daemon listens at ${where}: is it running? -c FILE or --run-dir DIR says where else to look`)
  }
  if (error.code === 'EACCES') {
    return new KnocktailError('failed', `this user may not use ${where}: status and list are for root and the daemon's group, everything else is root's (sudo, doas)`)
  }
  return new KnocktailError('failed', `${where}: ${reasonOf(error)}`)
}

function parseReply(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}
