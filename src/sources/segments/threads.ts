import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Answer, Job } from './job.ts'

/** What threads parse is short-lived: with room for more of it they would only keep more memory. */
const YOUNG_MB = 4

export interface ThreadOptions {
  readonly count: number
  /** From here on a file is worth their start. */
  readonly fromBytes: number
  /** What each of them reads at a time. */
  readonly segmentBytes: number
  /** Whoever has waited for them for so long parses, too: before, to get ready for it costs more than to wait. */
  readonly patienceMs: number
  readonly entry: URL
}

const MOST_THREADS = 3
/** What a thread is given before it has answered: while we look at one answer it goes on with the next. */
const JOBS_AT_HAND = 3

function threadOptions(): ThreadOptions {
  const cores = availableParallelism()
  return { count: Math.min(cores - 1, MOST_THREADS), fromBytes: 16 << 20, segmentBytes: 1 << 19, patienceMs: 100, entry: new URL('worker.js', import.meta.url) }
}

/** Threads beside our own, which has enough to do itself, that parse logs. They are started when they are needed, and keep the process only while they work. */
export class Threads {
  readonly count: number
  readonly fromBytes: number
  readonly segmentBytes: number
  readonly patienceMs: number
  readonly #entry: URL
  #threads: readonly Thread[] = []

  constructor({ count, fromBytes, segmentBytes, patienceMs, entry }: ThreadOptions = threadOptions()) {
    this.count = count
    this.fromBytes = fromBytes
    this.segmentBytes = segmentBytes
    this.patienceMs = patienceMs
    this.#entry = entry
  }

  start(): void {
    if (this.#threads.length === 0) this.#threads = Array.from({ length: this.count }, () => new Thread(this.#entry))
  }

  /** One of them has fewer jobs at hand than it may have. */
  get areHungry(): boolean {
    return this.#threads.some(({ waiting }) => waiting < JOBS_AT_HAND)
  }

  /** Never rejects. */
  async parse(job: Job): Promise<Answer> {
    return this.#threads.reduce((least, next) => (next.waiting < least.waiting ? next : least)).parse(job)
  }
}

class Thread {
  readonly #worker: Worker
  readonly #asked: ((answer: Answer) => void)[] = []
  #failure: Error | undefined

  constructor(entry: URL) {
    this.#worker = new Worker(entry, { resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB } })
    this.#worker.unref()
    this.#worker.on('message', (answer: Answer) => this.#answered(answer))
    this.#worker.on('error', (error) => this.#ended(error))
    this.#worker.on('exit', (code) => this.#ended(new Error(`a thread has ended with code ${code}`)))
  }

  get waiting(): number {
    return this.#asked.length
  }

  async parse(job: Job): Promise<Answer> {
    if (this.#failure) return { failure: this.#failure }
    return new Promise((resolve) => {
      this.#asked.push(resolve)
      this.#worker.ref()
      this.#worker.postMessage(job)
    })
  }

  #answered(answer: Answer): void {
    this.#asked.shift()!(answer)
    if (this.#asked.length === 0) this.#worker.unref()
  }

  #ended(error: Error): void {
    this.#failure ??= error
    for (const resolve of this.#asked.splice(0)) resolve({ failure: this.#failure })
  }
}
