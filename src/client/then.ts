import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { KnocktailError, reasonOf } from '../error.ts'
import { quoted } from '../printable.ts'
import type { Route } from './route.ts'
import { alongRoute } from './same-way.ts'

const FORWARDED: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2']

/** On a terminal these reach the command by themselves, which is in our process group; we must only outlive them. */
const FROM_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT']

/**
 * Runs a command in our place: with our terminal, input and output, and our signals. Answers its exit code; 128 and the signal's number if one
 * ended it. KNOCKTAIL_ADDRESS, KNOCKTAIL_SOURCE and KNOCKTAIL_FAMILY tell it which way was knocked. Throws a KnocktailError if it cannot be run.
 */
export async function runThen(command: readonly string[], route: Route): Promise<number> {
  const [program = '', ...args] = alongRoute(command, route)
  const env = { ...process.env, KNOCKTAIL_ADDRESS: route.address, KNOCKTAIL_SOURCE: route.source, KNOCKTAIL_FAMILY: String(route.family) }
  // Before the command runs: from its first moment on, a signal to us must not leave it behind.
  const { to, stop } = forwardSignals()
  const child = spawn(program, args, { stdio: 'inherit', env })
  to(child)
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
    return code ?? 128 + constants.signals[signal!]
  } catch (error) {
    throw new KnocktailError('failed', `the door is open, but ${quoted(program)} cannot be run: ${reasonOf(error)}`)
  } finally {
    stop()
  }
}

function forwardSignals(): { readonly to: (child: ChildProcess) => void; readonly stop: () => void } {
  let target: ChildProcess | undefined
  const handlers = FORWARDED.map((signal) => {
    const handle = (): void => void (comesByItself(signal) || target?.kill(signal))
    process.on(signal, handle)
    return () => process.off(signal, handle)
  })
  return { to: (child) => void (target = child), stop: () => handlers.forEach((remove) => remove()) }
}

function comesByItself(signal: NodeJS.Signals): boolean {
  return FROM_TERMINAL.includes(signal) && process.stdin.isTTY
}
