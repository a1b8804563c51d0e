import { setTimeout as sleep } from 'node:timers/promises'
import { reasonOf } from '../error.ts'
import type { Ending } from './driver.ts'

const FIRST_RETRY_MS = 250
const LAST_RETRY_MS = 30_000
/** Who lived so long has recovered: the next retry is quick again. */
const RECOVERED_MS = 60_000

export interface Supervision {
  readonly signal: AbortSignal
  readonly suspended: (why: string, retryMs: number | undefined) => void
  /** It is about to be started again. */
  readonly restarting: () => void
  /** Tests put their own in place. */
  readonly now?: () => number
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<unknown>
}

/** Runs it again and again, ever more slowly while it does not last, until the signal or a final ending. Never rejects. */
export async function supervise(run: () => Promise<Ending>, supervision: Supervision): Promise<void> {
  const { signal, suspended, restarting, now = () => performance.now(), wait = pause } = supervision
  let retryMs = FIRST_RETRY_MS
  while (!signal.aborted) {
    const startMs = now()
    const { why, isFinal } = await run().catch((error: unknown): Ending => ({ why: reasonOf(error), isFinal: false }))
    if (signal.aborted) return
    if (isFinal) return suspended(why, undefined)
    if (now() - startMs >= RECOVERED_MS) retryMs = FIRST_RETRY_MS
    suspended(why, retryMs)
    await wait(retryMs, signal)
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)
    if (!signal.aborted) restarting()
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {})
}
