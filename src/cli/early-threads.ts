import { statSync } from 'node:fs'
import { collectEarly, shareCores } from '../frugal.ts'
import { Threads } from '../sources/segments/threads.ts'
import { cutSpec } from './log-spec.ts'

/**
 * Threads for the logs of a command line. Where one is big they start at once, beside the loading of all else that the command is made of: that
 * takes as long as they do. Whoever opens the logs finds out what they are in truth. What V8 is told for that must be told before there is much code.
 */
export function earlyThreads(specs: readonly string[]): Threads {
  collectEarly()
  const threads = new Threads()
  if (threads.count > 0 && specs.some((spec) => isBig(cutSpec(spec).path, threads.fromBytes))) {
    shareCores()
    threads.start()
  }
  return threads
}

function isBig(path: string, fromBytes: number): boolean {
  try {
    return !path.endsWith('.gz') && statSync(path).size >= fromBytes
  } catch {
    return false
  }
}
