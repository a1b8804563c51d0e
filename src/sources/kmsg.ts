import { closeSync, constants, openSync, readSync } from 'node:fs'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import type { Clocks } from '../clocks.ts'
import { reasonOf } from '../error.ts'
import { runChild } from './child.ts'
import type { Driver, DriverHost, Ending } from './driver.ts'
import { readRecordHead } from './kmsg-records.ts'
import { readKmsgPosition, RecordTracker } from './kmsg-tracker.ts'
import { LineSplitter } from './lines.ts'
import type { Position } from './source.ts'

const KMSG = '/dev/kmsg'
/** Reads one record at a time and knows nothing of what it reads. Node itself can neither wait for a device nor survive its EPIPE. */
const CAT = '/bin/cat'
/** A record is shorter (kernel/printk, PRINTK_MESSAGE_MAX, escaped). */
const RECORD_BYTES = 8192
const record = Buffer.allocUnsafe(RECORD_BYTES)
const NEWLINE = 10
/** So many records are read before others have their turn. */
const TURN_RECORDS = 1000
const TURN_MS = 5
const CALM_MS = 1000

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
      await readWithCat(descriptors.blocking, tracker, host)
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
async function readWithCat(descriptor: number, tracker: RecordTracker, host: DriverHost): Promise<void> {
  const splitter = new LineSplitter((line) => tracker.take(line))
  await runChild({
    argv: [CAT], stdin: descriptor, signal: host.signal, note: host.note,
    isNoteworthy: (line) => !line.includes('Broken pipe'),
    onChunk: async (chunk) => {
      splitter.push(chunk)
      await tracker.handOn(host, chunk.length)
    },
  })
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

/** The sequence number of the newest record; -1: there is none. */
function newestIn(descriptor: number): number {
  let newest = -1
  for (;;) {
    const { end } = readRecords(descriptor, (line) => {
      newest = readRecordHead(line)?.seq ?? newest
    })
    if (end === 'none left') return newest
  }
}

/** Reads some records, the first line of each; what follows it is about the record. Throws as fs does. */
function readRecords(descriptor: number, take: (line: string) => void): { readonly bytes: number; readonly end: 'none left' | 'overrun' | 'more' } {
  let bytes = 0
  for (let count = 0; count < TURN_RECORDS; count++) {
    try {
      const length = readSync(descriptor, record, 0, RECORD_BYTES, null)
      bytes += length
      take(record.toString('latin1', 0, record.subarray(0, length).indexOf(NEWLINE)))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EAGAIN') return { bytes, end: 'none left' }
      // The next read goes on with the oldest record that is left.
      if (code === 'EPIPE') return { bytes, end: 'overrun' }
      throw error
    }
  }
  return { bytes, end: 'more' }
}
