import { setImmediate as turn } from 'node:timers/promises'
import { newRoom, type Answer, type Job, type Room } from './job.ts'
import { parseSegment } from './parse-segment.ts'
import type { Threads } from './threads.ts'

/** So many segments for each thread are under way, or wait to be taken in. */
const ROOMS_PER_THREAD = 5

/** The segments of a file in their order, up to the last or to a failure. */
export async function* parsedSegments(file: Pick<Job, 'fd' | 'dialect' | 'context'>, threads: Threads): AsyncGenerator<Answer> {
  const underway: Work[] = []
  try {
    yield* inOrder(file, threads, underway)
  } finally {
    // Whoever closes the file now must not take it away from under a thread.
    await Promise.all(underway.map(({ answer }) => answer))
  }
}

/**
 * Segments are given out and taken in in the order of the file: the first of `underway` is always the next. Each has a room, so there are never more
 * of them than rooms.
 */
async function* inOrder(file: Pick<Job, 'fd' | 'dialect' | 'context'>, threads: Threads, underway: Work[]): AsyncGenerator<Answer> {
  const { segmentBytes, patienceMs } = threads
  const rooms = Array.from({ length: threads.count * ROOMS_PER_THREAD }, () => newRoom(segmentBytes))
  let at = 0
  const next = (room: Room): Job => {
    at += segmentBytes
    return { ...file, at: at - segmentBytes, segmentBytes, room }
  }
  let waitedMs = 0
  for (;;) {
    while (rooms.length > 0 && threads.areHungry) underway.push(work(threads.parse(next(rooms.pop()!))))
    // Answers come in only between turns of the event loop.
    await turn()
    // With nothing under way all threads are busy with other files.
    const mayParse = waitedMs >= patienceMs || underway.length === 0
    if (mayParse && rooms.length > 0 && !underway[0]?.isDone) {
      underway.push(work(Promise.resolve(parseSegment(next(rooms.pop()!)))))
      continue
    }
    const asked = performance.now()
    const answer = await underway.shift()!.answer
    waitedMs += performance.now() - asked
    yield answer
    if ('failure' in answer || answer.isLast) return
    rooms.push({ bytes: answer.bytes, columns: answer.rows.columns })
  }
}

/** A segment that somebody parses. */
interface Work {
  readonly answer: Promise<Answer>
  isDone: boolean
}

function work(answer: Promise<Answer>): Work {
  const pending: Work = { answer, isDone: false }
  void answer.then(() => (pending.isDone = true))
  return pending
}
