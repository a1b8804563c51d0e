import { readSync } from 'node:fs'
import { readRecordHead } from './kmsg-records.ts'

/** A record is shorter (kernel/printk, PRINTK_MESSAGE_MAX, escaped). */
const RECORD_BYTES = 8192
const record = Buffer.allocUnsafe(RECORD_BYTES)
const NEWLINE = 10
/** So many records are read before others have their turn. */
const TURN_RECORDS = 1000

export interface RingRead {
  readonly bytes: number
  readonly records: number
  readonly end: 'none left' | 'overrun' | 'more'
}

/** Reads all that is there. Answers how many bytes. Throws as fs does. */
export function drain(descriptor: number, take: (line: string) => void): number {
  let bytes = 0
  for (;;) {
    const turn = readRecords(descriptor, take)
    bytes += turn.bytes
    if (turn.end === 'none left') return bytes
  }
}

/** Reads on to that record, which must not have been read through that descriptor yet: so far there is one for every read, and none waits. */
export function skipTo(descriptor: number, seq: number): void {
  let read = -1
  while (read < seq) read = Math.max(read, nextSeq(descriptor))
}

/** -1: it was overwritten. */
function nextSeq(descriptor: number): number {
  let seq = -1
  readRecords(descriptor, (line) => {
    seq = readRecordHead(line)?.seq ?? -1
  }, 1)
  return seq
}

/** Reads `most` records or those that there are, the first line of each; what follows it is about the record. Throws as fs does. */
export function readRecords(descriptor: number, take: (line: string) => void, most = TURN_RECORDS): RingRead {
  let bytes = 0
  for (let records = 0; records < most; records++) {
    try {
      const length = readSync(descriptor, record, 0, RECORD_BYTES, null)
      bytes += length
      take(record.toString('latin1', 0, record.subarray(0, length).indexOf(NEWLINE)))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EAGAIN') return { bytes, records, end: 'none left' }
      // The next read goes on with the oldest record that is left.
      if (code === 'EPIPE') return { bytes, records, end: 'overrun' }
      throw error
    }
  }
  return { bytes, records: most, end: 'more' }
}
