import type { Stamp } from './stamps.ts'
import { utf8 } from './values.ts'

/** An event's fields as plain values, in the shape of `parsers/event.ts`; what a line does not show is undefined. */
export type Shown = Readonly<Record<string, string | number | undefined>>

/** One way to understand a message. `stamp`: the message's own, where its format has one. */
export interface Reading {
  readonly fields: Shown
  readonly stamp?: Stamp
  /** X-Forwarded-For as it is printed. */
  readonly forwardedFor?: string | undefined
}

/** Every reading that the format's facts allow of a message; none: it shows no event. */
export type Reader = (message: string, context: { readonly prefix: string | undefined; readonly spans: string }) => readonly Reading[]

export function packetFields(shown: Shown): Shown {
  return { kind: 'packet', ...shown }
}

interface Asked {
  readonly proto: 'http' | 'gemini'
  readonly src: string | undefined
  readonly method: string
  /** One character a byte. */
  readonly path: string
  readonly status: number
}

/** A request, or undefined if it is none: the path is UTF-8 without blanks and control characters. */
export function requestFields({ proto, src, method, path, status }: Asked): Shown | undefined {
  const text = utf8(path)
  if (src === undefined || text === undefined || text === '' || text.includes(' ') || !/^[A-Z_-]{1,32}$/.test(method)) return undefined
  return { kind: 'request', proto, src, method, path: text, status }
}

/** The readings if all of them show the same event, none otherwise. */
export function agreed(readings: readonly Reading[]): readonly Reading[] {
  return new Set(readings.map(({ fields }) => JSON.stringify(fields))).size === 1 ? readings : []
}
