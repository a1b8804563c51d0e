import { closeSync, constants, openSync } from 'node:fs'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import type { Clocks } from '../clocks.ts'
import { reasonOf } from '../error.ts'
import { runChild } from './child.ts'
import type { Driver, DriverHost, Ending } from './driver.ts'
import { drain, readRecords, skipTo } from './kmsg-ring.ts'
import { readKmsgPosition, RecordTracker, type KmsgPosition } from './kmsg-tracker.ts'
import { LineSplitter } from './lines.ts'
import type { Position } from './source.ts'

const KMSG = '/dev/kmsg'
/** Reads one record at a time and knows nothing of what it reads. Node itself can neither wait for a device nor survive its EPIPE. */
const CAT = '/bin/cat'
/** How often the ring is looked at in turns, and for how long there must be nothing to look for before it is waited for again. */
const TURN_MS = 1
const CALM_MS = 500
/** So many records in one turn are a stream. */
const STREAM_RECORDS = 5

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

/** Follows the kernel's log by the records' sequence numbers: none is missed without being counted, none is handed on twice. */
export function kmsgDriver({ clocks, bootId, position: found, descriptors: opened }: KmsgContext): Driver {
  const saved = readKmsgPosition(found, bootId)
  let descriptors = opened
  let tracker: RecordTracker | undefined
  const run = async (host: DriverHost): Promise<Ending> => {
    let foundBytes = 0
    try {
      descriptors ??= openBoth()
      if (tracker === undefined) ({ tracker, foundBytes } = findAll(descriptors, saved, clocks))
    } catch (error) {
      return { why: `${KMSG} cannot be read: ${reasonOf(error)}`, isFinal: false }
    }
    host.running()
    await tracker.handOn(host, foundBytes)
    while (!host.signal.aborted) {
      const end = await readWithCat(descriptors, tracker, host)
      if (!host.signal.aborted) await readInTurns(descriptors.nonblocking, tracker, host)
      // It would begin with the oldest record otherwise, which in a full ring is gone by then: it would end as soon as it is started.
      if (end === 'overrun' && !host.signal.aborted) skipTo(descriptors.blocking, tracker.newest)
    }
    return { why: 'it was stopped', isFinal: false }
  }
  const position = (): Position => {
    const seq = tracker?.handedOn ?? saved?.seq
    return seq === undefined ? undefined : { boot: bootId, seq }
  }
  return { run, position }
}

/** Reads all that is there. The clock is asked first: what is not found then was written later. */
function findAll({ blocking, nonblocking }: KmsgDescriptors, saved: KmsgPosition | undefined, clocks: Clocks): { tracker: RecordTracker; foundBytes: number } {
  const tracker = new RecordTracker(saved, clocks.monotonic())
  const foundBytes = drain(nonblocking, (line) => tracker.find(line))
  tracker.begin()
  skipTo(blocking, tracker.newest)
  return { tracker, foundBytes }
}

/** Until the ring overruns, which ends cat. What it reads of what was read in turns meanwhile is known when it comes. */
async function readWithCat({ blocking, nonblocking }: KmsgDescriptors, tracker: RecordTracker, host: DriverHost): Promise<'overrun' | 'ended'> {
  const splitter = new LineSplitter((line) => tracker.take(line))
  let isOverrun = false
  await runChild({
    argv: [CAT], stdin: blocking, signal: host.signal, note: host.note,
    isNoteworthy: (line) => !(isOverrun ||= line.includes('Broken pipe')),
    onChunk: async (chunk) => {
      const knocks = host.knockCount()
      splitter.push(chunk)
      await tracker.handOn(host, chunk.length)
      if (host.knockCount() > knocks) await readInTurns(nonblocking, tracker, host)
    },
  })
  return isOverrun ? 'overrun' : 'ended'
}

/**
 * Who waits for the kernel's log is woken with the next tick only, up to 4 ms after a record was written (kernel/printk/printk.c, wake_up_klogd).
 * Where there was a knock the next one may be soon, so it is not waited for but looked. A stream is read so, too: cat takes more of
 * the processor for it, and while the ring overruns it would end as soon as it is started.
 */
async function readInTurns(descriptor: number, tracker: RecordTracker, host: DriverHost): Promise<void> {
  let calmSinceMs = performance.now()
  while (!host.signal.aborted && performance.now() - calmSinceMs < CALM_MS) {
    const knocks = host.knockCount()
    const { bytes, records, end } = readRecords(descriptor, (line) => tracker.take(line))
    await tracker.handOn(host, bytes)
    if (end === 'overrun' || records >= STREAM_RECORDS || host.knockCount() > knocks) calmSinceMs = performance.now()
    await (end === 'none left' ? sleep(TURN_MS) : setImmediate())
  }
}
