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

/** The sequence number of the newest record; -1: there is none. */
export function newestIn(descriptor: number): number {
  let newest = -1
  for (;;) {
    const { end } = readRecords(descriptor, (line) => {
      newest = readRecordHead(line)?.seq ?? newest
    })
    if (end === 'none left') return newest
  }
}

/** Reads some records, the first line of each; what follows it is about the record. Throws as fs does. */
export function readRecords(descriptor: number, take: (line: string) => void): RingRead {
  let bytes = 0
  for (let records = 0; records < TURN_RECORDS; records++) {
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
  return { bytes, records: TURN_RECORDS, end: 'more' }
}
