import { parseAddress } from './address.ts'
import { FLAG_BITS, packet, transport, type Direction, type FlagName, type Port, type TcpFlags } from './event.ts'
import { findLink, linkStart, readPacket, ULOGD_LAYOUT } from './netfilter.ts'
import type { Outcome } from './parser.ts'
import { matchAt, readIsoStamp, readSyslogStamp } from './stamps.ts'
import { hasControls, readJsonObject } from './text.ts'
import { MICROSECOND, NO_STAMP, SECOND, type Micros, type Stamp } from './time.ts'

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
  const end = findLink(text, body)
  if (end < 0) return 'not-this-dialect'
  if (hasControls(text.slice(body, linkStart()))) return 'control-characters'
  const fields = readPacket(text, end, ULOGD_LAYOUT)
  return typeof fields === 'string' ? fields : { stamp: read.stamp, fields }
}

/** ulogd2's JSON (output/ulogd_output_JSON.c), one object a packet. */
function readUlogdJson(text: string): Outcome {
  const record = readJsonObject(text)
  if (record === undefined || typeof record['ip.protocol'] !== 'number') return 'not-this-dialect'
  const src = typeof record['src_ip'] === 'string' ? parseAddress(record['src_ip']) : undefined
  const dst = typeof record['dest_ip'] === 'string' ? parseAddress(record['dest_ip']) : undefined
  if (src === undefined || dst === undefined) return 'bad-address'
  const stamp = readStamp(record)
  if (stamp === 'bad-time') return stamp
  const number = (key: string, max: number): number | undefined => wholeNumber(record[key], max)
  const proto = transport(record['ip.protocol'])
  const [sport, dport] = [number('src_port', 65_535), number('dest_port', 65_535)] as (Port | undefined)[]
  if (hasPorts(record) && (sport === undefined || dport === undefined)) return 'bad-number'
  const fields = packet({
    proto, src, dst, sport, dport,
    flags: proto === 'tcp' ? readFlags(record) : undefined,
    seq: number('tcp.seq', 0xffffffff),
    ipId: number('ip.id', 65_535),
    ...readInterfaces(record),
  })
  return { stamp, fields }
}

function hasPorts(record: Record<string, unknown>): boolean {
  return 'src_port' in record || 'dest_port' in record
}

function wholeNumber(value: unknown, max: number): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max ? value : undefined
}

/** The kernel's own time if it was captured; ulogd's `timestamp` has no zone. */
function readStamp(record: Record<string, unknown>): Stamp | 'bad-time' {
  const sec = wholeNumber(record['oob.time.sec'], 253_402_300_799)
  const usec = wholeNumber(record['oob.time.usec'], 999_999)
  if (sec !== undefined && usec !== undefined) {
    return { kind: 'epoch', at: (sec * SECOND + usec) as Micros, resolution: MICROSECOND }
  }
  if (typeof record['timestamp'] !== 'string') return NO_STAMP
  const read = readIsoStamp(record['timestamp'], 0)
  return read === undefined ? NO_STAMP : read === 'bad-time' ? read : read.stamp
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
