import { matchAt } from '../stamps.ts'
import { MICROSECOND, type Micros } from '../time.ts'
import { isKernelPriority, type Opened } from './envelope.ts'

const HEADER = /(\d{1,4}),(\d{1,20}),(\d{1,16}),[^;]{1,64};/y

/**
 * `PRIO,SEQ,USEC,FLAGS;message` of /dev/kmsg (Documentation/ABI/testing/dev-kmsg). User space cannot write
 * facility 0 there. Continuation lines (` KEY=value`) begin with a blank and are no records.
 */
export function openKmsg(text: string): Opened {
  const header = matchAt(HEADER, text, 0)
  if (!header) return undefined
  const stamp = { kind: 'uptime', at: Number(header[3]) as Micros, resolution: MICROSECOND } as const
  const fromKernel = isKernelPriority(Number(header[1]))
  return { stamp, tag: 'kernel', fromKernel, text, at: HEADER.lastIndex }
}
