import type { Packet, Request } from '../../../parsers/event.ts'
import type { Parsed } from '../../../parsers/parser.ts'
import type { Stamp } from '../../../parsers/time.ts'

/** Whether two lines differ only in what columns hold. */
export function isAlike(one: Parsed, other: Parsed): boolean {
  if (!areStampsAlike(one.stamp, other.stamp) || (one.forwardedFor === undefined) !== (other.forwardedFor === undefined)) return false
  const { fields } = one
  return fields.kind === 'packet' ? arePacketsAlike(fields, other.fields) : areRequestsAlike(fields, other.fields)
}

function areStampsAlike(one: Stamp, other: Stamp): boolean {
  if (one.kind === 'none' || other.kind === 'none') return one.kind === other.kind
  if (one.kind !== other.kind || one.resolution !== other.resolution) return false
  if (one.kind !== 'local' || other.kind !== 'local') return one.kind !== 'recorded'
  return one.at.day === other.at.day && one.at.month === other.at.month && one.at.year === other.at.year
}

function arePacketsAlike(one: Packet, other: Parsed['fields']): boolean {
  return other.kind === 'packet' && one.proto === other.proto && one.flags === other.flags &&
    one.iface === other.iface && one.dir === other.dir && one.action === other.action &&
    (one.sport === undefined) === (other.sport === undefined) && (one.dport === undefined) === (other.dport === undefined) &&
    (one.seq === undefined) === (other.seq === undefined) && (one.ipId === undefined) === (other.ipId === undefined)
}

function areRequestsAlike(one: Request, other: Parsed['fields']): boolean {
  return other.kind === 'request' && one.proto === other.proto && one.method === other.method && one.status === other.status
}
