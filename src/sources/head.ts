import { setTimeout as delay } from 'node:timers/promises'

type Chunks = AsyncGenerator<Buffer>

/** The beginning of a stream, and the stream itself, from its first byte on. */
export interface Headed {
  readonly head: Buffer
  /** Whether that is all there is. */
  readonly isWhole: boolean
  readonly chunks: Chunks
}

/**
 * Reads until there are `bytes` of it, or its end: how a stream happens to be cut into chunks must not change what
 * is found out from its beginning. A live pipe may take ever so long, so after a silence of `patienceMs` whole lines
 * will do. An error is thrown at once if nothing came before it, otherwise in its place.
 */
export async function readHead(chunks: Chunks, bytes: number, patienceMs?: number): Promise<Headed> {
  const read: Buffer[] = []
  let next: Promise<IteratorResult<Buffer>> | undefined
  let isWhole = false
  for (let length = 0; length < bytes; length += read.at(-1)!.length) {
    next ??= chunks.next()
    const result = await settled(next, endsLine(read) ? patienceMs : undefined)
    if (result === 'silence' || (result === 'failure' && read.length > 0)) break
    const { done, value } = await next
    isWhole = done === true
    if (isWhole) break
    read.push(value as Buffer)
    next = undefined
  }
  return { head: Buffer.concat(read), isWhole, chunks: whole(read, next, chunks) }
}

async function* whole(read: readonly Buffer[], next: Promise<IteratorResult<Buffer>> | undefined, chunks: Chunks): Chunks {
  yield* read
  const result = await next
  if (result?.done) return
  if (result) yield result.value
  yield* chunks
}

function endsLine(read: readonly Buffer[]): boolean {
  return read.at(-1)?.at(-1) === 10
}

async function settled(next: Promise<unknown>, patienceMs: number | undefined): Promise<'value' | 'failure' | 'silence'> {
  const outcome = next.then(() => 'value' as const, () => 'failure' as const)
  if (patienceMs === undefined) return outcome
  const patience = new AbortController()
  const silence = delay(patienceMs, 'silence' as const, { signal: patience.signal }).catch(() => 'silence' as const)
  const first = await Promise.race([outcome, silence])
  patience.abort()
  return first
}
