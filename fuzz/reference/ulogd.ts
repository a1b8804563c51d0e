import { jsonObject } from './envelopes.ts'
import { logemuPackets } from './netfilter.ts'
import { packetFields, type Reader, type Reading, type Shown } from './reading.ts'
import { isoStamp, NONE, wallStamp, type Stamp } from './stamps.ts'
import { address, flagBits, hasControl, transportOf } from './values.ts'

/** ulogd2's LOGEMU (util/printpkt.c, output/ulogd_output_LOGEMU.c) and JSON (output/ulogd_output_JSON.c). */
export const ulogd: Reader = (message) => [...logemu(message), ...json(message)]

function logemu(message: string): Reading[] {
  const found = /^(?<month>[A-Z][a-z]{2}) (?<day>[ \d]\d) (?<clock>\d\d:\d\d:\d\d) (?<host>[^ ]+) (?<rest>.*)$/s.exec(message)?.groups
  if (found === undefined || hasControl(message)) return []
  const stamp = wallStamp({ month: found['month'], day: found['day'], clock: found['clock']! })
  if (stamp === undefined) return []
  return logemuPackets(found['rest']!).map((fields) => ({ fields, stamp }))
}

function json(message: string): Reading[] {
  const record = jsonObject(message)
  const number = whole(record?.['ip.protocol'], 255)
  const [src, dst] = [text(record?.['src_ip']), text(record?.['dest_ip'])].map(address)
  const stamp = record && stampOf(record)
  if (record === undefined || number === undefined || src === undefined || dst === undefined || stamp === undefined) return []
  const transport = transportFields(record, number)
  if (transport === undefined) return []
  const [inward, outward] = [text(record['oob.in']) ?? '', text(record['oob.out']) ?? '']
  const dir = inward === '' ? (outward === '' ? undefined : 'out') : outward === '' ? 'in' : 'forward'
  const iface = inward === '' ? outward : inward
  return [{ stamp, fields: packetFields({ proto: transportOf(number), src, dst, ...transport, ipId: whole(record['ip.id'], 65_535), iface: iface === '' ? undefined : iface, dir }) }]
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function whole(value: unknown, max: number): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max ? value : undefined
}

const FLAGS: Readonly<Record<string, string>> = { fin: 'FIN', syn: 'SYN', rst: 'RST', psh: 'PSH', ack: 'ACK', urg: 'URG' }

/** Undefined: a value is wrong. A later fragment (the low 13 bits of its offset) shows its sender's bytes. */
function transportFields(record: Readonly<Record<string, unknown>>, number: number): Shown | undefined {
  const [offset4, offset6] = [record['ip.fragoff'], record['ip6.fragoff']].map((offset) => (typeof offset === 'number' ? offset : 0))
  if ((offset4! & 0x1fff) !== 0 || offset6 !== 0) return {}
  const [sport, dport] = [record['src_port'], record['dest_port']].map((value) => whole(value, 65_535))
  if ((record['src_port'] !== undefined && sport === undefined) || (record['dest_port'] !== undefined && dport === undefined)) return undefined
  const hasFlags = number === 6 && Object.keys(FLAGS).every((name) => record[`tcp.${name}`] !== undefined)
  const flags = hasFlags ? flagBits(Object.keys(FLAGS).filter((name) => record[`tcp.${name}`] === 1).map((name) => FLAGS[name]!)) : undefined
  return { sport, dport, flags, seq: number === 6 ? whole(record['tcp.seq'], 4_294_967_295) : undefined }
}

/** oob.time is an instant; the timestamp names no zone. */
function stampOf(record: Readonly<Record<string, unknown>>): Stamp | undefined {
  const [seconds, micros] = [whole(record['oob.time.sec'], 9_007_199_253), whole(record['oob.time.usec'], 999_999)]
  if (seconds !== undefined && micros !== undefined) return { kind: 'epoch', at: seconds * 1_000_000 + micros, resolution: 1 }
  return isoStamp(text(record['timestamp']) ?? '') ?? NONE
}
