import { parseAddress } from './address.ts'
import { lineOf } from './bytes.ts'
import {
  FLAG_BITS, packet, transport, type Direction, type FlagName, type Packet, type Port, type TcpFlags, type Transport,
} from './event.ts'
import { readPacket } from './netfilter.ts'
import { findLink, linkOf, linkStart } from './netfilter-link.ts'
import { ULOGD_LAYOUT } from './netfilter-transport.ts'
import type { Outcome } from './parser.ts'
import type { Reason } from './reason.ts'
import { matchAt, readIsoStamp, readSyslogStamp } from './stamps.ts'
import { hasControls, readJsonObject } from './text.ts'
import { LAST_SECOND, MICROSECOND, NO_STAMP, SECOND, type Micros, type Stamp } from './time.ts'

const HOST = / \S{1,255} /y

/**
 * ulogd2's LOGEMU (output/ulogd_output_LOGEMU.c): `Nov 20 23:44:26 HOST PREFIX IN=... `, a stamp and a host of
 * its own and no tag. Written by one daemon into one file.
 */
export function ulogdMessage(text: string, at: number): Outcome {
  if (text.charCodeAt(at) === 123) return readUlogdJson(text)
  const read = readSyslogStamp(text, at)
  if (read === 'bad-time') return read
  if (read === undefined || !matchAt(HOST, text, read.end)) return 'not-this-dialect'
  const body = HOST.lastIndex
  const line = lineOf(text)
  const end = findLink(line, body)
  if (end < 0) return 'not-this-dialect'
  if (hasControls(text.slice(at, linkStart()))) return 'control-characters'
  const fields = readPacket(line, end, linkOf(line), ULOGD_LAYOUT)
  return typeof fields === 'string' ? fields : { stamp: read.stamp, fields }
}

/** ulogd2's JSON (output/ulogd_output_JSON.c), one object a packet. */
function readUlogdJson(text: string): Outcome {
  // A key with a DEL in it is another key: a packet would lose its fragment offset.
  if (hasControls(text)) return 'control-characters'
  const record = readJsonObject(text)
  if (record === undefined || record['ip.protocol'] === undefined) return 'not-this-dialect'
  const src = typeof record['src_ip'] === 'string' ? parseAddress(record['src_ip']) : undefined
  const dst = typeof record['dest_ip'] === 'string' ? parseAddress(record['dest_ip']) : undefined
  if (src === undefined || dst === undefined) return 'bad-address'
  const stamp = readStamp(record)
  if (stamp === 'bad-time') return stamp
  const number = wholeNumber(record['ip.protocol'], 255)
  const shown = number === undefined ? 'bad-number' : readTransport(record, transport(number))
  if (typeof shown === 'string') return shown
  const ipId = wholeNumber(record['ip.id'], 65_535)
  return { stamp, fields: packet({ src, dst, ...shown, ipId, ...readInterfaces(record) }) }
}

type Transported = Pick<Packet, 'proto' | 'sport' | 'dport' | 'flags' | 'seq'>

function readTransport(record: Record<string, unknown>, proto: Transport): Transported | Reason {
  const nothing = { proto, sport: undefined, dport: undefined, flags: undefined, seq: undefined }
  const { src_port: source, dest_port: destination } = record
  // The BASE filter reads a header from later fragments too, where the sender may have written anything.
  if (isLaterFragment(record['ip.fragoff']) || isLaterFragment6(record['ip6.fragoff'])) return nothing
  if (source === undefined && destination === undefined) return proto === 'tcp' || proto === 'udp' ? 'truncated' : nothing
  const sport = wholeNumber(source, 65_535) as Port | undefined
  const dport = wholeNumber(destination, 65_535) as Port | undefined
  if (sport === undefined || dport === undefined) return 'bad-number'
  if (proto !== 'tcp') return { ...nothing, sport, dport }
  return { proto, sport, dport, flags: readFlags(record), seq: wholeNumber(record['tcp.seq'], 0xffffffff) }
}

/** The offset is the lower 13 bits, below the flags (RFC 791, section 3.1). */
function isLaterFragment(offset: unknown): boolean {
  return typeof offset === 'number' && (offset & 0x1fff) !== 0
}

/** In bytes, without the flag that more fragments follow (RFC 8200, section 4.5). */
function isLaterFragment6(offset: unknown): boolean {
  return typeof offset === 'number' && offset !== 0
}

function wholeNumber(value: unknown, max: number): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max ? value : undefined
}

/** The kernel's own time if it was captured; ulogd's `timestamp` has no zone. */
function readStamp(record: Record<string, unknown>): Stamp | 'bad-time' {
  const sec = wholeNumber(record['oob.time.sec'], LAST_SECOND - 1)
  const usec = wholeNumber(record['oob.time.usec'], 999_999)
  if (sec !== undefined && usec !== undefined) {
    return { kind: 'epoch', at: (sec * SECOND + usec) as Micros, resolution: MICROSECOND }
  }
  if (typeof record['timestamp'] !== 'string') return NO_STAMP
  const read = readIsoStamp(record['timestamp'], 0)
  if (read === 'bad-time') return read
  return read?.end === record['timestamp'].length ? read.stamp : NO_STAMP
}

const JSON_FLAGS: readonly FlagName[] = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG']

/** Undefined where the record does not carry the TCP header. */
function readFlags(record: Record<string, unknown>): TcpFlags | undefined {
  let flags = 0
  for (const name of JSON_FLAGS) {
    const value = record[`tcp.${name.toLowerCase()}`]
    if (value === undefined) return undefined
    if (value === 1) flags |= FLAG_BITS[name]
  }
  return flags as TcpFlags
}

function readInterfaces(record: Record<string, unknown>): { iface: string | undefined; dir: Direction | undefined } {
  const into = typeof record['oob.in'] === 'string' ? record['oob.in'] : ''
  const out = typeof record['oob.out'] === 'string' ? record['oob.out'] : ''
  const dir = into !== '' && out !== '' ? 'forward' : into !== '' ? 'in' : out !== '' ? 'out' : undefined
  return { iface: into || out || undefined, dir }
}
