import { parseAddress, type Address } from './address.ts'
import { packet, parsePort, transport, type Direction, type Packet, type Port, type Transport } from './event.ts'
import type { Outcome } from './parser.ts'
import type { Reason } from './reason.ts'
import { matchAt } from './stamps.ts'
import type { Stamp } from './time.ts'

/**
 * FreeBSD's ipfw with net.inet.ip.fw.verbose=1 (sys/netpfil/ipfw/ip_fw_log.c, ipfw_log):
 * `ipfw: RULE ACTION PROTO SRC[:PORT] DST[:PORT] in|out via IF[ (frag ID:LEN@OFFSET[+])]`, IPv6 addresses in brackets.
 * Later fragments have no ports; TCP flags are never printed.
 */
const RECORD = new RegExp(
  String.raw`ipfw: -?\d{1,10} ([A-Z][A-Za-z0-9]{1,15}(?: to \S{2,60}| [^\s:]{1,32})?) ` +
    String.raw`(TCP|UDP|UDP-Lite|SCTP|ICMP(?:v6)?|P)(?::(\d{1,3})(?:\.\d{1,3})?)? ` +
    String.raw`(\S{2,60}) (\S{2,60}) (?:(in|out) via (\S{1,15})|\[no if info\])` +
    String.raw`(?: mark:0x[0-9a-f]{1,8})?(?: (\(frag [0-9a-f]{1,8}:-?\d{1,5}@\d{1,6}\+?\)))?(?: mark:0x[0-9a-f]{1,8})?$`,
  'y',
)
/** kern.msgbuf_show_timestamp. */
const KERNEL_UPTIME = /\[\d{1,10}(?:\.\d{1,6})?\] /y
const OTHER_LINE = /ipfw: limit \d{1,10} reached on entry /y
const UNFINISHED = /ipfw: -?\d{1,10} [A-Z]/y
const WITHOUT_IP = /ipfw: -?\d{1,10} .{2,60} MAC (?:in|out|\[)/y
const WITH_PORTS: ReadonlyMap<string, Transport> = new Map([
  ['TCP', 'tcp'], ['UDP', 'udp'], ['UDP-Lite', 'ip-136'], ['SCTP', 'ip-132'],
])
const WITHOUT_PORTS: ReadonlyMap<string, Transport> = new Map([['ICMP', 'icmp'], ['ICMPv6', 'icmp6']])

/** One packet that an ipfw rule with `log` saw. */
export function ipfwMessage(text: string, at: number, stamp: Stamp): Outcome {
  const start = matchAt(KERNEL_UPTIME, text, at) ? KERNEL_UPTIME.lastIndex : at
  const found = matchAt(RECORD, text, start)
  if (!found) return refuse(text, start)
  const fields = readPacket(found)
  return typeof fields === 'string' ? fields : { stamp, fields }
}

function refuse(text: string, at: number): Reason {
  if (matchAt(OTHER_LINE, text, at)) return 'other-program'
  if (matchAt(WITHOUT_IP, text, at)) return 'not-this-dialect'
  return matchAt(UNFINISHED, text, at) ? 'truncated' : 'not-this-dialect'
}

function readPacket(found: RegExpExecArray): Packet | Reason {
  const [, action, name, number, source, destination, direction, iface, fragment] = found
  const proto = readTransport(name!, number)
  const src = readEnd(source!)
  const dst = readEnd(destination!)
  if (proto === undefined) return 'bad-number'
  if (typeof src === 'string') return src
  if (typeof dst === 'string') return dst
  const hasPorts = src.port !== undefined
  const shouldHavePorts = WITH_PORTS.has(name!) && !isLaterFragment(fragment)
  if (hasPorts !== (dst.port !== undefined) || hasPorts !== shouldHavePorts) return 'not-this-dialect'
  return packet({
    proto, src: src.address, dst: dst.address, sport: src.port, dport: dst.port,
    iface, dir: direction as Direction | undefined, action,
  })
}

/** Only the first fragment, at offset 0, shows its ports. */
function isLaterFragment(fragment: string | undefined): boolean {
  return fragment !== undefined && !/@0\+?\)$/.test(fragment)
}

/** `P:47` is the protocol's number; `ICMP:8.0` is type and code. */
function readTransport(name: string, number: string | undefined): Transport | undefined {
  if (name !== 'P') return WITH_PORTS.get(name) ?? WITHOUT_PORTS.get(name)
  return number === undefined || Number(number) > 255 ? undefined : transport(Number(number))
}

interface End { readonly address: Address; readonly port: Port | undefined }

/** `1.2.3.4:5`, `[2001:db8::1]:5`, or either without a port. */
function readEnd(text: string): End | Reason {
  const close = text.charCodeAt(0) === 91 ? text.indexOf(']') : -1
  const colon = close < 0 ? text.indexOf(':') : close + 1 < text.length ? close + 1 : -1
  const host = close < 0 ? text.slice(0, colon < 0 ? text.length : colon) : text.slice(1, close)
  const address = parseAddress(host)
  if (address === undefined) return 'bad-address'
  if (colon < 0) return { address, port: undefined }
  const port = text.charCodeAt(colon) === 58 ? parsePort(text.slice(colon + 1)) : undefined
  return port === undefined ? 'bad-number' : { address, port }
}
