import { address, count, flagBits, port, transportOf } from './values.ts'
import { packetFields, type Reader, type Shown } from './reading.ts'

/**
 * filterlog of pfSense and OPNsense, split at its commas: opnsense/filterlog's filterlog.c (decode_packet), print-ip.c,
 * print-ip6.c, print-tcp.c and description.txt.
 */
export const filterlog: Reader = (message) => {
  // rsyslog keeps the blank that followed a tag.
  const columns = message.replace(/^ /, '').split(',')
  const [rule, subrule, , , iface, , action, dir, version, ...ip] = columns
  const isRule = [rule, subrule].every((number) => number !== undefined && /^\d*$/.test(number))
  const shown = isRule && iface !== undefined ? ipPacket(version, withoutNotes(ip)) : undefined
  if (shown === undefined) return []
  return [{ fields: packetFields({ ...shown, iface: iface === '' ? undefined : iface, dir: dir === 'in' || dir === 'out' ? dir : undefined, action: action === '' ? undefined : action }) }]
}

/** A note about a cut packet is put before the columns of the IP header. */
function withoutNotes(columns: readonly string[]): readonly string[] {
  return /^(?:truncated-ip=[^,]*|error='[^,]*)$/.test(columns[0] ?? '') ? columns.slice(1) : columns
}

function ipPacket(version: string | undefined, columns: readonly string[]): Shown | undefined {
  if (version === '4') {
    const [, , , id, offset, , number, , , src, dst, ...rest] = columns
    const ipId = /^\d{1,5}$/.test(id ?? '') && Number(id) <= 65_535 ? Number(id) : undefined
    return ipId === undefined ? undefined : packet({ number, src, dst, ipId, isFragment: offset !== '0', rest })
  }
  const [, , , , number, , src, dst, ...rest] = columns
  return version === '6' ? packet({ number, src, dst, ipId: undefined, isFragment: false, rest }) : undefined
}

interface Header {
  readonly number: string | undefined
  readonly src: string | undefined
  readonly dst: string | undefined
  readonly ipId: number | undefined
  readonly isFragment: boolean
  readonly rest: readonly string[]
}

function packet({ number, src, dst, ipId, isFragment, rest }: Header): Shown | undefined {
  const [protocol, from, to] = [/^\d{1,3}$/.test(number ?? '') ? Number(number) : 256, address(src), address(dst)]
  if (protocol > 255 || from === undefined || to === undefined) return undefined
  const ends = { proto: transportOf(protocol), src: from, dst: to, ipId }
  if (isFragment || (protocol !== 6 && protocol !== 17)) return ends
  const shown = protocol === 6 ? tcp(rest) : udp(rest)
  // A TCP or UDP packet without a column behind its addresses is a later fragment.
  return shown === undefined ? (rest.join('') === '' && rest.length === 1 ? ends : undefined) : { ...ends, ...shown }
}

const LETTERS: Readonly<Record<string, string>> = { F: 'FIN', S: 'SYN', R: 'RST', P: 'PSH', A: 'ACK', U: 'URG', E: 'ECE', C: 'CWR' }

/** sport,dport,datalen,tcpflags,seq[:end],ack,window,urg,options */
function tcp(columns: readonly string[]): Shown | undefined {
  const [sport, dport, , letters, sequence] = columns
  const ends = ports(sport, dport)
  if (ends === undefined || columns.length < 9 || !/^F?S?R?P?A?U?E?C?$/.test(letters!)) return undefined
  const seq = sequence!.split(':')[0]!
  if (seq !== '' && count(seq, 4_294_967_295) === undefined) return undefined
  return { ...ends, flags: flagBits([...letters!].map((letter) => LETTERS[letter]!)), seq: count(seq, 4_294_967_295) }
}

/** sport,dport,datalen */
function udp(columns: readonly string[]): Shown | undefined {
  return columns.length === 3 && /^\d+$/.test(columns[2]!) ? ports(columns[0], columns[1]) : undefined
}

function ports(from: string | undefined, to: string | undefined): Shown | undefined {
  const [sport, dport] = [port(from), port(to)]
  return sport === undefined || dport === undefined ? undefined : { sport, dport }
}
