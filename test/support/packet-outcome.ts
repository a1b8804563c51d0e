import type { Packet } from '../../parsers/event.ts'
import { isParsed, type Outcome } from '../../parsers/parser.ts'

/** Why there is no event; undefined if there is one. */
export function reasonOf(outcome: Outcome): string | undefined {
  return isParsed(outcome) ? undefined : typeof outcome === 'string' ? outcome : outcome.reason
}

/** The packet that was read; a test that expects one fails with the reason why there is none. */
export function packetOf(outcome: Outcome): Packet {
  if (!isParsed(outcome)) throw new Error(`no packet: ${String(reasonOf(outcome))}`)
  return outcome.fields as Packet
}
