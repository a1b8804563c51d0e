import { closeSync, constants, openSync, readSync } from 'node:fs'
import type { Micros } from '../../parsers/time.ts'
import type { Clocks } from '../clocks.ts'
import { runChild } from './child.ts'
import type { Driver, DriverHost, Ending } from './driver.ts'
import { readRecordHead } from './kmsg-records.ts'
import { LineSplitter } from './lines.ts'
import { isCount, isRecord, RESUME_SPAN } from './position.ts'
import type { Position } from './source.ts'

const KMSG = '/dev/kmsg'
/** Reads one record at a time and knows nothing of what it reads. Node itself can neither wait for a device nor survive its EPIPE. */
const CAT = '/bin/cat'
/** A record is shorter (kernel/printk, PRINTK_MESSAGE_MAX, escaped). */
const RECORD_BYTES = 8192
/** Who ends sooner than that did not end because the ring overran. */
const SHORT_LIFE_MS = 50
const MOST_SHORT_LIVES = 20

/** /dev/kmsg opened twice, each at the oldest record of the ring; the place in it belongs to the descriptor. */
export interface KmsgDescriptors {
  readonly blocking: number
  /** Tells where the ring ends now. */
  readonly nonblocking: number
}

/** Opens the kernel's log while there is the right to. Undefined if there is none: whoever tries to read it will say why. */
export function openKmsg(): KmsgDescriptors | undefined {
  try {
    return openBoth()
  } catch {
    return undefined
  }
}

function openBoth(): KmsgDescriptors {
  const blocking = openSync(KMSG, constants.O_RDONLY)
  try {
    return { blocking, nonblocking: openSync(KMSG, constants.O_RDONLY | constants.O_NONBLOCK) }
  } catch (error) {
    closeSync(blocking)
    throw error
  }
}

export interface KmsgContext {
  readonly clocks: Clocks
  readonly bootId: string
  readonly position: Position
  readonly descriptors: KmsgDescriptors | undefined
}

/** What a position of this boot says; one of another boot says nothing. */
export interface KmsgPosition {
  readonly seq: number
  readonly delta: Micros
}

export function readKmsgPosition(position: Position, bootId: string): KmsgPosition | undefined {
  if (!isRecord(position) || position['boot'] !== bootId || !isCount(position['seq'])) return undefined
  const { seq, delta } = position
  return { seq, delta: (typeof delta === 'number' && Number.isSafeInteger(delta) ? delta : 0) as Micros }
}

/** Follows the kernel's log by the records' sequence numbers: none is missed without being counted, none is handed on twice. */
export function kmsgDriver(context: KmsgContext): Driver {
  const { bootId } = context
  let descriptors = context.descriptors
  let tracker: RecordTracker | undefined
  const run = async (host: DriverHost): Promise<Ending> => {
    descriptors ??= openBoth()
    tracker ??= new RecordTracker(context, drain(descriptors.nonblocking))
    host.running()
    for (let shortLives = 0; shortLives < MOST_SHORT_LIVES;) {
      const startMs = performance.now()
      const why = await readRing(descriptors.blocking, tracker, host)
      if (host.signal.aborted) return { why, isFinal: false }
      shortLives = performance.now() - startMs < SHORT_LIFE_MS ? shortLives + 1 : 0
    }
    return { why: `${CAT} cannot read ${KMSG}`, isFinal: false }
  }
  const saved = readKmsgPosition(context.position, bootId)
  const position = (): Position => {
    const seq = tracker?.handedOn ?? saved?.seq
    return seq === undefined ? undefined : { boot: bootId, seq }
  }
  return { run, position }
}

/** Until the ring overruns, which ends cat: the next one goes on with the oldest record that is left. */
async function readRing(descriptor: number, tracker: RecordTracker, host: DriverHost): Promise<string> {
  const splitter = new LineSplitter((line) => tracker.take(line))
  return runChild({
    argv: [CAT], stdin: descriptor, signal: host.signal, note: host.note,
    isNoteworthy: (line) => !line.includes('Broken pipe'),
    onChunk: async (chunk) => {
      splitter.push(chunk)
      await tracker.handOn(host, chunk.length)
    },
  })
}

/** Reads up to the newest record. Answers its sequence number; -1: there is none. */
function drain(descriptor: number): number {
  const record = Buffer.allocUnsafe(RECORD_BYTES)
  let newest = -1
  for (;;) {
    try {
      const bytes = readSync(descriptor, record, 0, RECORD_BYTES, null)
      newest = readRecordHead(record.toString('latin1', 0, Math.min(bytes, 64)))?.seq ?? newest
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EAGAIN') return newest
      // The ring overran: the next read goes on with the oldest record.
      if (code !== 'EPIPE') throw error
    }
  }
}

/** Knows which records are new, which are read again, and which are missing. */
class RecordTracker {
  /** The newest that was taken in. */
  handedOn: number | undefined
  readonly #newest: number
  readonly #saved: KmsgPosition | undefined
  readonly #resumeStamp: number
  readonly #drainedAt: Micros
  #expected: number
  #lost = 0
  #firstLive: Micros | undefined
  #again: string[] = []
  #backlog: string[] = []
  #live: string[] = []

  constructor({ clocks, bootId, position }: KmsgContext, newest: number) {
    const saved = readKmsgPosition(position, bootId)
    this.#newest = newest
    // A ring that ends before the saved place is not the one that was read.
    this.#saved = saved && saved.seq <= newest ? saved : undefined
    this.#drainedAt = clocks.monotonic()
    this.#resumeStamp = this.#drainedAt - RESUME_SPAN - (this.#saved?.delta ?? 0)
    this.#expected = (this.#saved?.seq ?? newest) + 1
    this.handedOn = this.#expected - 1
  }

  take(line: string): void {
    const head = readRecordHead(line)
    if (head === undefined) return
    if (head.seq < this.#expected) {
      if (this.#saved && head.stamp >= this.#resumeStamp) this.#again.push(line)
      return
    }
    this.#lost += head.seq - this.#expected
    this.#expected = head.seq + 1
    if (head.seq <= this.#newest) this.#backlog.push(line)
    else this.#takeLive(line, head.stamp)
  }

  async handOn(host: DriverHost, bytes: number): Promise<void> {
    if (this.#lost > 0) host.lost(this.#lost, 'the ring of the kernel log overran')
    this.#lost = 0
    // It was not there when the ring was read to its end.
    if (this.#firstLive !== undefined && this.#live.length > 0) host.writtenAfter(this.#drainedAt, this.#firstLive)
    const newest = this.#expected - 1
    for (const [lines, backlog, counted] of [[this.#again, true, false], [this.#backlog, true, true], [this.#live, false, true]] as const) {
      if (lines.length > 0) await host.lines({ lines: lines.splice(0), backlog, counted, bytes: counted ? bytes : 0 })
    }
    this.handedOn = newest
  }

  #takeLive(line: string, stamp: number): void {
    this.#firstLive ??= stamp as Micros
    this.#live.push(line)
  }
}
