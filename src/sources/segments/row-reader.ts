import { addressOf, parseAddress, type Address } from '../../../parsers/address.ts'
import type { Packet, Port, Request } from '../../../parsers/event.ts'
import { isParsed, type Outcome, type Parsed } from '../../../parsers/parser.ts'
import type { LocalTime, Micros, Stamp } from '../../../parsers/time.ts'
import { columnsIn, type Columns } from './columns.ts'
import { FIRST_TEXT, type Rows } from './rows.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/**
 * Makes outcomes of rows: the same that were written. What is answered is good until the next call: the form itself, filled in for that row, since
 * objects of each row's own would cost more than all else that is done with it. Forms are the reader's alone: a thread sent a copy, and our own
 * thread's parsers keep nothing of what they answer.
 */
export class RowReader {
  readonly #rows: Rows
  readonly #columns: Columns

  constructor(rows: Rows) {
    this.#rows = rows
    this.#columns = columnsIn(rows.columns)
  }

  outcome(row: number): Outcome {
    const { whole, outcome } = this.#rows.forms[this.#columns.forms[row]!]!
    if (!whole && isParsed(outcome)) this.#fill(row, outcome)
    return outcome
  }

  #fill(row: number, outcome: Mutable<Parsed>): void {
    const { ats, forwardedFor } = this.#columns
    fillStamp(outcome.stamp, ats[row]! as Micros)
    if (outcome.fields.kind === 'packet') this.#fillPacket(row, outcome.fields)
    else this.#fillRequest(row, outcome.fields)
    if (outcome.forwardedFor !== undefined) outcome.forwardedFor = this.#rows.texts[forwardedFor[row]!]!
  }

  #fillPacket(row: number, packet: Mutable<Packet>): void {
    const { srcs, dsts, sports, dports, seqs, ipIds } = this.#columns
    packet.src = this.#address(srcs[row]!)
    packet.dst = this.#address(dsts[row]!)
    if (packet.sport !== undefined) packet.sport = sports[row]! as Port
    if (packet.dport !== undefined) packet.dport = dports[row]! as Port
    if (packet.seq !== undefined) packet.seq = seqs[row]!
    if (packet.ipId !== undefined) packet.ipId = ipIds[row]!
  }

  #fillRequest(row: number, request: Mutable<Request>): void {
    const { srcs, texts } = this.#columns
    request.src = this.#address(srcs[row]!)
    request.path = this.#rows.texts[texts[row]!]!
  }

  #address(place: number): Address {
    return place < FIRST_TEXT ? addressOf(place) : parseAddress(this.#rows.texts[place - FIRST_TEXT]!)!
  }
}

/** The same form of a stamp, of another time. */
function fillStamp(stamp: Stamp, at: Micros): void {
  if (stamp.kind === 'none' || stamp.kind === 'recorded') return
  if (stamp.kind === 'local') (stamp.at as Mutable<LocalTime>).sinceMidnight = at
  else (stamp as { at: Micros }).at = at
}
