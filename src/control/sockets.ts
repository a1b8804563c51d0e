import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { KnocktailError, reasonOf } from '../error.ts'
import { printable } from '../printable.ts'
import { socketAnswers } from '../socket-answers.ts'
import type { Controlled } from './controlled.ts'
import { serve } from './server.ts'
import type { Right } from './verbs.ts'

export const SOCKETS: Readonly<Record<Right, string>> = { look: 'status.sock', change: 'control.sock' }
const MODES: Readonly<Record<Right, number>> = { look: 0o660, change: 0o600 }
const FOLDER_MODE = 0o750

/** The two sockets, listening; whoever connects before `serve` waits. */
export interface ControlSockets {
  readonly serve: (controlled: Controlled) => void
  readonly close: () => void
}

/**
 * Makes both sockets in a folder of their own. Node tells nobody who is at the other end of a socket, so the folder and the sockets' modes
 * are all the protection: they belong to whoever we are now (root, while we have its rights), and `gid` is the group that may look.
 * Throws a KnocktailError.
 */
export async function openSockets(runDir: string, gid: number): Promise<ControlSockets> {
  const before = process.umask(0o077)
  try {
    prepareFolder(runDir, gid)
    const servers = { look: createServer(OPTIONS), change: createServer(OPTIONS) }
    for (const right of ['look', 'change'] as const) await listen(servers[right], join(runDir, SOCKETS[right]), MODES[right], gid)
    return {
      serve: (controlled) => {
        for (const right of ['look', 'change'] as const) serve(servers[right], right, controlled)
      },
      close: () => {
        for (const right of ['look', 'change'] as const) closeSocket(servers[right], join(runDir, SOCKETS[right]))
      },
    }
  } catch (error) {
    throw new KnocktailError('failed', `run_dir ${printable(runDir)} cannot be used: ${reasonOf(error)}`)
  } finally {
    process.umask(before)
  }
}

/** A client may end its half first (`nc -N`) and wait for the reply. */
const OPTIONS = { allowHalfOpen: true, pauseOnConnect: false } as const

function prepareFolder(path: string, gid: number): void {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  const found = lstatSync(path)
  if (!found.isDirectory()) throw new Error('it is no folder')
  if (found.uid !== process.geteuid!()) throw new Error('it belongs to another user')
  if ((found.mode & 0o777) === FOLDER_MODE && found.gid === gid) return
  // It is to be ours alone: what others have in it would be shut to them.
  const others = readdirSync(path).filter((name) => !Object.values(SOCKETS).includes(name))
  if (others.length > 0) throw new Error(`${printable(others[0]!)} is in it: give Knocktail a folder of its own`)
  giveTo(gid, path)
  chmodSync(path, FOLDER_MODE)
}

/** A hardened service may not even ask for what is so already. */
function giveTo(gid: number, path: string): void {
  if (lstatSync(path).gid !== gid) chownSync(path, -1, gid)
}

async function listen(server: Server, path: string, mode: number, gid: number): Promise<void> {
  if (await socketAnswers(path)) throw new Error('another knocktail uses it: give this one a run_dir of its own')
  rmSync(path, { force: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => resolve())
  })
  // Later ones (no descriptor is left, say) cost one client.
  server.removeAllListeners('error').on('error', () => {})
  giveTo(gid, path)
  chmodSync(path, mode)
  server.unref()
}

/** What root has made stays where it is after its rights were given up: nobody listens there. */
function closeSocket(server: Server, path: string): void {
  server.close()
  try {
    rmSync(path, { force: true })
  } catch {
    // The next start takes it away.
  }
}
