import { matchAt } from '../stamps.ts'
import type { Stamp } from '../time.ts'
import { isKernelPriority, type Envelope, type Opened } from './envelope.ts'

const FACILITY = /<(?:(\d{1,2})|([a-z0-9]{1,12}))\.[a-z0-9]{1,12}> /y
/** A host never ends in a colon: `sshd[1]: kernel: ` of a sender that leaves its host out is no kernel message. */
const HOST_TAG = /(?:(?!last message)[^\s<>]{0,254}[^\s<>:] )?([^\s:[\]]{1,64})(\[\d{1,10}\])?: /y
const REPEATED = /(?:\S{1,255} )?last message repeated \d+ times?$/y
export const REPEATED_TEXT = /message repeated \d+ times: \[/y

/**
 * What every syslog text has behind its stamp: `HOST TAG[PID]: `, the host left out by some senders,
 * FreeBSD's `<facility.severity> ` before it (syslogd -v).
 */
export function openHostTag(text: string, at: number, stamp: Stamp, fromKernel: boolean): Opened {
  const facility = matchAt(FACILITY, text, at)
  const start = facility ? FACILITY.lastIndex : at
  const kernelFacility = !facility || facility[1] === '0' || facility[2] === 'kern'
  const found = matchAt(HOST_TAG, text, start)
  if (!found) return matchAt(REPEATED, text, start) ? 'repeat-notice' : 'other-program'
  const body = HOST_TAG.lastIndex
  if (matchAt(REPEATED_TEXT, text, body)) return 'repeat-notice'
  return envelope(text, body, stamp, found[1]!, fromKernel && kernelFacility && found[2] === undefined)
}

/** The PRI of a raw syslog datagram, or undefined if there is none. */
const PRIORITY = /<(\d{1,3})>/y
export function readPriority(text: string): { readonly kernel: boolean; readonly end: number } | undefined {
  const found = matchAt(PRIORITY, text, 0)
  return found ? { kernel: isKernelPriority(Number(found[1])), end: PRIORITY.lastIndex } : undefined
}

function envelope(text: string, at: number, stamp: Stamp, tag: string, fromKernel: boolean): Envelope {
  return { stamp, tag, fromKernel, text, at }
}
