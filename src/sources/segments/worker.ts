import { parentPort } from 'node:worker_threads'
import type { Job } from './job.ts'
import { parseSegment } from './parse-segment.ts'

/** What a thread of `threads.ts` does: it answers jobs in the order in which they come. */
const port = parentPort!
port.on('message', (job: Job) => port.postMessage(parseSegment(job)))
