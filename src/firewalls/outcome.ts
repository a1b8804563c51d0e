import { printable } from '../printable.ts'
import type { Finding, Outcome } from './firewall.ts'
import type { Ran } from './run.ts'

export const DONE: Outcome = { kind: 'done' }
export const FOREIGN: Outcome = { kind: 'foreign' }

export function failed(why: string): Outcome {
  return { kind: 'failed', why }
}

export function unserved(why: string): Outcome {
  return { kind: 'unserved', why }
}

/** What keeps a target from working. */
export function error(message: string): Finding {
  return { severity: 'error', message }
}

const LONGEST_WHY = 200

/** Why a run did not go well, for people: the time limit, the first line that it complained in, or how it ended. */
export function whyFailed(program: string, { code, stderr, timedOut }: Ran): string {
  if (timedOut) return `${program} did not end in time`
  const complaint = stderr.split('\n').find((line) => line.trim() !== '')?.trim()
  if (complaint !== undefined) return `${program}: ${printable(complaint.slice(0, LONGEST_WHY))}`
  return code === undefined ? `${program} was ended by a signal` : `${program} ended with exit code ${code}`
}
