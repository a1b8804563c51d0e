/** Logs written by hand: what one packet or request leaves in them, with everything left out that a test does not care for. */

const START_MS = Date.UTC(2026, 6, 4, 12)

export interface LoggedPacket {
  /** Milliseconds since START_MS. */
  readonly at: number
  readonly port: number
  readonly src?: string
  /** A source port of its own unless it is given. */
  readonly sport?: number
  readonly proto?: 'TCP' | 'UDP'
  readonly flags?: string
  readonly iface?: string
}

let nextSport = 0

/** A line of rsyslog's own format: what netfilter's LOG target prints of a packet. */
export function kernelLine(packet: LoggedPacket): string {
  return `${isoStamp(packet.at)} gate kernel: ${netfilterText(packet)}`
}

export function netfilterText({ src = '192.0.2.2', port, sport, proto = 'TCP', flags = 'SYN', iface = 'eth0' }: LoggedPacket): string {
  nextSport = (nextSport + 1) % 20_000
  const dst = src.includes(':') ? '2001:db8::1' : '192.0.2.1'
  const ip = src.includes(':') ? 'LEN=60 TC=0 HOPLIMIT=64 FLOWLBL=0' : 'LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=0 DF'
  const ports = `SPT=${sport ?? 30_000 + nextSport} DPT=${port}`
  const rest = proto === 'TCP' ? `WINDOW=64240 RES=0x00 ${flags} URGP=0` : 'LEN=8'
  return `knock: IN=${iface} OUT= MAC=00:11:22:33:44:55 SRC=${src} DST=${dst} ${ip} PROTO=${proto} ${ports} ${rest}`
}

export function kernelLog(packets: readonly LoggedPacket[]): string {
  return packets.map((packet) => `${kernelLine(packet)}\n`).join('')
}

/** SYNs to those ports, one after the other. */
export function knocks(ports: readonly number[], gapMs = 400, common: Partial<LoggedPacket> = {}): LoggedPacket[] {
  return ports.map((port, index) => ({ port, ...common, at: (common.at ?? 0) + index * gapMs }))
}

/** A line of the combined format; its stamp has whole seconds only. */
export function webLine(at: number, path: string, { src = '192.0.2.2', status = 404, agent = 'curl/8' } = {}): string {
  const date = new Date(START_MS + at)
  const stamp = `${String(date.getUTCDate()).padStart(2, '0')}/Jul/2026:${date.toISOString().slice(11, 19)} +0000`
  return `${src} - - [${stamp}] "GET ${path} HTTP/1.1" ${status} 12 "-" "${agent}"`
}

export function isoStamp(at: number): string {
  return new Date(START_MS + at).toISOString().replace('Z', '000+00:00')
}
