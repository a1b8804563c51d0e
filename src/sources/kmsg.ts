import { closeSync, constants, openSync } from 'node:fs'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import type { Clocks } from '../clocks.ts'
import { reasonOf } from '../error.ts'
import { runChild } from './child.ts'
import type { Driver, DriverHost, Ending } from './driver.ts'
import { newestIn, readRecords } from './kmsg-ring.ts'
import { readKmsgPosition, RecordTracker } from './kmsg-tracker.ts'
import { LineSplitter } from './lines.ts'
import type { Position } from './source.ts'

const KMSG = '/dev/kmsg'
/** Reads one record at a time and knows nothing of what it reads. Node itself can neither wait for a device nor survive its EPIPE. */
const CAT = '/bin/cat'
const TURN_MS = 5
const CALM_MS = 1000
/**
 * Who waits for the kernel's log is woken with the next tick, up to 4 ms after the record was written (kernel/printk/printk.c, wake_up_klogd).
 * Where there was a knock the next one may be soon: for so long after an event it is not waited for but looked.
 */
const EAGER_MS = 300
const LOOK_MS = 1
/** So many records at once are a stream, of which cat reads more for less. */
const STREAM_RECORDS = 50

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
    try {
      descriptors ??= openBoth()
      tracker ??= new RecordTracker(saved, newestIn(descriptors.nonblocking), clocks.monotonic())
    } catch (error) {
      return { why: `${KMSG} cannot be read: ${reasonOf(error)}`, isFinal: false }
    }
    host.running()
    while (!host.signal.aborted) {
      await readWithCat(descriptors, tracker, host)
      if (!host.signal.aborted) await readInTurns(descriptors.nonblocking, tracker, host)
    }
    return { why: 'it was stopped', isFinal: false }
  }
  const position = (): Position => {
    const seq = tracker?.handedOn ?? saved?.seq
    return seq === undefined ? undefined : { boot: bootId, seq }
  }
  return { run, position }
}

/** Until the ring overruns, which ends cat. */
async function readWithCat({ blocking, nonblocking }: KmsgDescriptors, tracker: RecordTracker, host: DriverHost): Promise<void> {
  const splitter = new LineSplitter((line) => tracker.take(line))
  await runChild({
    argv: [CAT], stdin: blocking, signal: host.signal, note: host.note,
    isNoteworthy: (line) => !line.includes('Broken pipe'),
    onChunk: async (chunk) => {
      const events = host.eventCount()
      splitter.push(chunk)
      await tracker.handOn(host, chunk.length)
      if (host.eventCount() > events) await readEagerly(nonblocking, tracker, host)
    },
  })
}

/** While somebody may be knocking. What cat reads meanwhile is known when it comes. */
async function readEagerly(descriptor: number, tracker: RecordTracker, host: DriverHost): Promise<void> {
  let sinceMs = performance.now()
  while (!host.signal.aborted && performance.now() - sinceMs < EAGER_MS) {
    const events = host.eventCount()
    const { bytes, records } = readRecords(descriptor, (line) => tracker.take(line))
    await tracker.handOn(host, bytes)
    if (records >= STREAM_RECORDS) return
    if (host.eventCount() > events) sinceMs = performance.now()
    await sleep(LOOK_MS)
  }
}

/**
 * While the ring overruns a cat would end as soon as it is started: by then the ring has overrun again. So it is read here, at short
 * intervals, until it has not overrun for a while.
 */
async function readInTurns(descriptor: number, tracker: RecordTracker, host: DriverHost): Promise<void> {
  let calmSinceMs = performance.now()
  while (!host.signal.aborted && performance.now() - calmSinceMs < CALM_MS) {
    const { bytes, end } = readRecords(descriptor, (line) => tracker.take(line))
    await tracker.handOn(host, bytes)
    if (end === 'overrun') calmSinceMs = performance.now()
    if (end === 'none left') await sleep(TURN_MS, undefined, { signal: host.signal }).catch(() => {})
    else await setImmediate()
  }
}
