import { parseNetwork } from '../../parsers/network.ts'
import { parseAddress } from '../../parsers/address.ts'
import { formatTime, type Micros } from '../../parsers/time.ts'
import { readDuration } from '../config/duration.ts'
import type { Read } from '../config/read.ts'
import { quoted } from '../printable.ts'
import type { HistoryRecord } from './record.ts'

/** What of the history is wanted, as it is written on a command line. */
export interface HistoryWish {
  readonly rule?: string
  /** An address or a network. */
  readonly address?: string
  readonly user?: string
  /** How long ago (`2h`), or an instant (`2026-07-04`, `2026-07-04T12:00:00Z`). */
  readonly since?: string
  readonly event?: string
}

export type HistoryFilter = (record: HistoryRecord) => boolean

export function readFilter(wish: HistoryWish, now: Micros): Read<HistoryFilter> {
  const tests: HistoryFilter[] = []
  for (const name of ['rule', 'user', 'event'] as const) {
    const wanted = wish[name]
    if (wanted !== undefined) tests.push((record) => record[name] === wanted)
  }
  for (const read of [readAddress(wish.address), readSince(wish.since, now)]) {
    if ('fault' in read) return read
    tests.push(read.value)
  }
  return { value: (record) => tests.every((test) => test(record)) }
}

function readAddress(text: string | undefined): Read<HistoryFilter> {
  if (text === undefined) return { value: () => true }
  const network = parseNetwork(text)
  if (!network) return { fault: `${quoted(text)} is no address or network: write 192.0.2.7 or 2001:db8:7::/48` }
  return {
    value: ({ address }) => {
      const known = address === undefined ? undefined : parseAddress(address)
      return known !== undefined && network.contains(known)
    },
  }
}

/** Texts of RFC 3339 in UTC are in the order of their times. */
function readSince(text: string | undefined, now: Micros): Read<HistoryFilter> {
  if (text === undefined) return { value: () => true }
  const ago = readDuration(text)
  const ms = 'value' in ago ? (now - ago.value) / 1000 : /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isFinite(ms) || Math.abs(ms) > 4e14) return { fault: `${quoted(text)} is neither a duration such as 2h nor a time such as 2026-07-04T12:00:00Z` }
  const since = formatTime((Math.floor(ms) * 1000) as Micros)
  return { value: ({ time }) => time >= since }
}
