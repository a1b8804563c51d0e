import { address, port, transportOf } from './values.ts'
import { packetFields, type Reader } from './reading.ts'

/** FreeBSD's ipfw_log() of sys/netpfil/ipfw/ip_fw_log.c, in one expression: its snprintf formats one after another. */
const LINE = new RegExp(String.raw`^(?:\[ *\d+\.\d+\] )?ipfw: -?\d+ (?<action>[A-Z][A-Za-z0-9]+(?: to \S+| [^\s:]+)?) `
  + String.raw`(?:(?<named>TCP|UDP|UDP-Lite|SCTP)|ICMP(?<six>v6)?(?::\d+(?:\.\d+)?)?|P:(?<number>\d+)(?:\.\d+)?) `
  + String.raw`(?<from>\S+) (?<to>\S+) (?:(?<dir>in|out) via (?<iface>\S{1,15})|\[no if info\])(?: mark:0x[0-9a-f]+)?(?: \(frag [0-9a-f]+:-?\d+@(?<offset>\d+)\+?\))?(?: mark:0x[0-9a-f]+)?$`)

export const ipfw: Reader = (message) => {
  const found = LINE.exec(message.replace(/^ /, ''))?.groups as Readonly<Record<string, string | undefined>> | undefined
  const [from, to] = [end(found?.['from']), end(found?.['to'])]
  if (found === undefined || from === undefined || to === undefined) return []
  // Only TCP and UDP have ports, and only in packets that are no later fragment.
  const isLater = (found['offset'] ?? '0') !== '0'
  const hasPorts = found['named'] !== undefined && !isLater
  if ([from, to].some(({ port: number }) => (number !== undefined) !== hasPorts)) return []
  const proto = protocol(found)
  if (proto === undefined) return []
  return [{
    fields: packetFields({ proto, src: from.host, dst: to.host, sport: from.port, dport: to.port, iface: found['iface'], dir: found['dir'], action: found['action'] }),
  }]
}

const WITH_PORTS: Readonly<Record<string, string>> = { TCP: 'tcp', UDP: 'udp', 'UDP-Lite': 'ip-136', SCTP: 'ip-132' }

function protocol(found: Readonly<Record<string, string | undefined>>): string | undefined {
  if (found['named'] !== undefined) return WITH_PORTS[found['named']]
  if (found['number'] === undefined) return found['six'] === undefined ? 'icmp' : 'icmp6'
  const number = Number(found['number'])
  return number > 255 ? undefined : transportOf(number)
}

/** `A`, `A:P`, `[A6]` or `[A6]:P`. */
function end(text: string | undefined): { readonly host: string; readonly port: number | undefined } | undefined {
  const found = /^(?:\[(?<six>[^\]]+)\]|(?<four>[^:]+))(?::(?<port>\d+))?$/.exec(text ?? '')?.groups
  const host = address(found?.['six'] ?? found?.['four'])
  if (host === undefined) return undefined
  const number = port(found!['port'])
  return found!['port'] !== undefined && number === undefined ? undefined : { host, port: number }
}

