import { rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { KnocktailError, reasonOf } from '../error.ts'
import { printable } from '../printable.ts'
import { socketAnswers } from '../socket-answers.ts'

/**
 * One daemon a state_dir. The lock is a unix socket that the daemon listens on: it is free as soon as its owner is dead,
 * whatever the clock says and whoever has its process number now.
 */
export interface Lock {
  readonly release: () => void
}

const NAME = 'run.sock'

/** Throws a KnocktailError if another daemon has it, or if the folder cannot be used. */
export async function takeLock(stateDir: string): Promise<Lock> {
  const path = join(stateDir, NAME)
  const server = createServer((socket) => socket.end())
  server.unref()
  if (!(await listens(server, path))) {
    if (await socketAnswers(path)) {
      throw new KnocktailError('failed', `another knocktail is running with state_dir ${printable(stateDir)}: stop it, or give this one a state_dir of its own`)
    }
    rmSync(path, { force: true })
    if (!(await listens(server, path))) throw new KnocktailError('failed', `another knocktail is being started with state_dir ${printable(stateDir)}`)
  }
  return {
    release: () => {
      server.close()
      try {
        rmSync(path, { force: true })
      } catch {
        // It is free all the same: nobody listens.
      }
    },
  }
}

function listens(server: Server, path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false)
      else reject(new KnocktailError('failed', `${printable(path)} cannot be made: ${reasonOf(error)}`))
    })
    const before = process.umask(0o077)
    server.listen(path, () => {
      server.removeAllListeners('error')
      resolve(true)
    })
    process.umask(before)
  })
}

