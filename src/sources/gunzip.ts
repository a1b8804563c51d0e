import { createGunzip, type Gunzip } from 'node:zlib'
import { readHead } from './head.ts'

/** RFC 1952, section 2.3.1: ID1 and ID2. */
const MAGIC = Buffer.from([0x1f, 0x8b])
/** So little is given in at a time, because a thousand times as much may come out (deflate's best is 1032). */
const STEP_BYTES = 1 << 12
const CHUNK_BYTES = 1 << 18

/** Those bytes, decompressed if they are gzip's, whatever the file is called. */
export async function* gunzipped(compressed: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  const { head, chunks } = await readHead(compressed, MAGIC.length)
  yield* isGzip(head) ? gunzip(chunks) : chunks
}

export function isGzip(head: Buffer): boolean {
  return head.subarray(0, MAGIC.length).equals(MAGIC)
}

/** Not a pipe of streams: those drop what they still hold when an error comes, but what was read before it stands. */
async function* gunzip(chunks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  const stream = createGunzip({ chunkSize: CHUNK_BYTES })
  const out: Buffer[] = []
  stream.on('data', (chunk: Buffer) => out.push(chunk))
  for await (const bytes of inSteps(chunks)) {
    const outcome = await after(stream, (done) => stream.write(bytes, done))
    yield* out.splice(0)
    if (outcome === 'end') return
    if (outcome instanceof Error) throw outcome
  }
  const outcome = await after(stream, () => stream.end())
  yield* out.splice(0)
  if (outcome instanceof Error) throw outcome
}

/** The same steps however the bytes come: what a step with an error has brought is lost. */
async function* inSteps(chunks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  let held = Buffer.alloc(0)
  for await (const chunk of chunks) {
    held = Buffer.concat([held, chunk])
    let at = 0
    for (; held.length - at >= STEP_BYTES; at += STEP_BYTES) yield held.subarray(at, at + STEP_BYTES)
    held = held.subarray(at)
  }
  yield held
}

type Done = (error?: Error | null) => void

/** Takes a step and answers what came of it. `end`: junk follows the gzip data, which gzip(1) ignores too. */
async function after(stream: Gunzip, step: (done: Done) => void): Promise<'done' | 'end' | Error> {
  return new Promise((resolve) => {
    const settle = (outcome: 'done' | 'end' | Error): void => {
      stream.off('end', onEnd).off('error', settle)
      resolve(outcome)
    }
    const onEnd = (): void => settle('end')
    stream.once('end', onEnd).once('error', settle)
    // A callback's error is emitted too.
    step((error) => error ?? settle('done'))
  })
}
