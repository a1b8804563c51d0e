import pino from 'pino'
import { KnocktailError, reasonOf } from '../error.ts'
import { printable } from '../printable.ts'

export type Destination = ReturnType<typeof pino.destination>

/** So many bytes are kept until they can be written. */
const MOST_KEPT = 1_048_576
const RETRY_MS = 100

/**
 * Standard output or that file. A line is written at once: what was logged is there even if we are killed in the next moment. But whoever does
 * not read the log, and a full disk, must not keep the daemon from its work: what cannot be written now is kept, what is too much is dropped,
 * and `onDropped` told how many lines were, once there is room again. Throws a KnocktailError if the file cannot be opened.
 */
export function openDestination(path: string | undefined, onDropped: (count: number) => void): Destination {
  const destination = open(path)
  let dropped = 0
  let retry: NodeJS.Timeout | undefined
  destination.on('error', () => {
    retry ??= setTimeout(() => {
      retry = undefined
      destination.write('')
    }, RETRY_MS).unref()
  })
  destination.on('drop', () => dropped++)
  destination.on('drain', () => {
    // It may be told of what was written before more could not be.
    if (retry !== undefined) return
    const count = dropped
    dropped = 0
    if (count > 0) onDropped(count)
  })
  return destination
}

function open(path: string | undefined): Destination {
  // A pipe does not block: libuv has made it so (uv_pipe_open) for process.stdout.
  const options = { sync: true, maxLength: MOST_KEPT, retryEAGAIN: () => false }
  if (path === undefined) return pino.destination({ ...options, dest: 1 })
  try {
    return pino.destination({ ...options, dest: path, append: true, mode: 0o640 })
  } catch (error) {
    throw new KnocktailError('failed', `log = ${printable(path)} cannot be opened: ${reasonOf(error)}`)
  }
}
