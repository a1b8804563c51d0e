import type { Reason } from '../reason.ts'
import type { Stamp } from '../time.ts'

/** What a logger wrapped around a message. */
export interface Envelope {
  readonly stamp: Stamp
  /** The program that wrote it, by its own word; undefined if the envelope names none. */
  readonly tag: string | undefined
  /** False when the envelope shows that the kernel did not write it: another facility, a process id. */
  readonly fromKernel: boolean
  /** The text that holds the message: the line itself, or what was decoded from it. */
  readonly text: string
  /** Where the message begins in `text`. */
  readonly at: number
}

/** An envelope opened; the reason why the line gives nothing; or undefined: this envelope is not there. */
export type Opened = Envelope | Reason | undefined

/** Facility 0 is the kernel's (RFC 5424, section 6.2.1: PRI = 8 * facility + severity). */
export function isKernelPriority(priority: number): boolean {
  return priority < 8
}
