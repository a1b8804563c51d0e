import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { reasonOf } from '../error.ts'
import { ENVIRONMENT } from '../firewalls/run.ts'

/** The way to a helper and back. */
export interface Channel {
  readonly input: Writable
  readonly output: Readable
  /** What it says to people, where that comes to us and not into a journal. */
  readonly complaints: Readable | undefined
  /** Called once, when it is over. */
  readonly onOver: (tell: (why: string) => void) => void
  /** It is left to itself: nothing of it keeps this process. */
  readonly release: () => void
}

const SOCKET = 'unix:'

/** By the words of a command that starts it, or by `unix:PATH`, a socket behind which a service manager starts it. */
export function openChannel(words: readonly string[]): Channel {
  const [first = '', ...args] = words
  return first.startsWith(SOCKET) && args.length === 0 ? connectTo(first.slice(SOCKET.length)) : start(first, args)
}

function start(program: string, args: readonly string[]): Channel {
  // Signals of a terminal are for the front alone, which decides.
  const child = spawn(program, args, { stdio: 'pipe', env: ENVIRONMENT, detached: true })
  return {
    input: child.stdin, output: child.stdout, complaints: child.stderr,
    onOver: (tell) => {
      child.on('error', (error) => tell(reasonOf(error)))
      child.on('close', (code, signal) => tell(`it ended ${signal === null ? `with exit code ${code}` : `by ${signal}`}`))
    },
    release: () => {
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy()
      child.unref()
    },
  }
}

function connectTo(path: string): Channel {
  const socket = connect(path)
  return {
    input: socket, output: socket, complaints: undefined,
    onOver: (tell) => {
      socket.on('error', (error) => tell(reasonOf(error)))
      socket.on('close', () => tell('it has ended: its own journal tells why'))
    },
    release: () => socket.destroy(),
  }
}
