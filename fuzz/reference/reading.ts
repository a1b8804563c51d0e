import type { Stamp } from './stamps.ts'

/** An event's fields as plain values, in the shape of `parsers/event.ts`; what a line does not show is undefined. */
export type Shown = Readonly<Record<string, string | number | undefined>>

/** One way to understand a message. `stamp`: the message's own, where its format has one. */
export interface Reading {
  readonly fields: Shown
  readonly stamp?: Stamp
}

/** Every reading that the format's facts allow of a message; none: it shows no event. */
export type Reader = (message: string, context: { readonly prefix: string | undefined; readonly spans: string }) => readonly Reading[]

export function packetFields(shown: Shown): Shown {
  return { kind: 'packet', ...shown }
}
