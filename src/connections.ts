import { parseAddress, type Address } from '../parsers/address.ts'
import type { Tools } from './firewalls/tools.ts'
import { whyFailed } from './firewalls/outcome.ts'

/** An established TCP connection of this host. */
export interface Connection {
  readonly local: Address
  readonly localPort: number
  readonly peer: Address
  readonly peerPort: number
}

export type Connections =
  | { readonly kind: 'connections'; readonly connections: readonly Connection[] }
  | { readonly kind: 'failed'; readonly why: string }

interface Lister {
  readonly program: string
  readonly args: readonly string[]
  readonly read: (output: string) => Connection[]
}

const LIMIT_MS = 5000
const OUTPUT_BYTES = 64 * 1024 * 1024

const SS: Lister = { program: 'ss', args: ['-Htn', 'state', 'established'], read: readSs }

/** Without -W (FreeBSD) and -v (NetBSD) IPv6 addresses are cut to the column; OpenBSD's has no such switch and takes -v as nothing. */
const netstat = (wide: string): Lister => ({ program: 'netstat', args: ['-n', wide, '-p', 'tcp'], read: readNetstat })

const LISTERS: Readonly<Partial<Record<NodeJS.Platform, Lister>>> = {
  linux: SS,
  freebsd: netstat('-W'),
  openbsd: netstat('-v'),
  netbsd: netstat('-v'),
}

/** All established TCP connections, by ss(8) or netstat(1). */
export async function connectionsOf(platform: NodeJS.Platform, { run, find }: Tools): Promise<Connections> {
  const lister = LISTERS[platform]
  if (!lister) return { kind: 'failed', why: `connections cannot be listed on ${platform}` }
  const program = find(lister.program)
  if (program === undefined) return { kind: 'failed', why: `${lister.program} is not installed` }
  const ran = await run({ program, args: lister.args, timeLimitMs: LIMIT_MS, onTimeLimit: 'group', stdoutBytes: OUTPUT_BYTES })
  if (ran.code !== 0 || ran.timedOut) return { kind: 'failed', why: whyFailed(lister.program, ran) }
  return { kind: 'connections', connections: lister.read(ran.stdout) }
}

/** What `ss -Htn state established` prints: Recv-Q, Send-Q, `192.0.2.1:22` or `[2001:db8::1]:22`, the peer's, options. */
export function readSs(output: string): Connection[] {
  return output.split('\n').flatMap((line) => {
    const [, , local, peer] = line.trim().split(/\s+/)
    return connection(local, peer, ':')
  })
}

/** What BSD's `netstat -n -p tcp` prints: protocol, Recv-Q, Send-Q, `192.0.2.1.22`, the peer's, state. */
export function readNetstat(output: string): Connection[] {
  return output.split('\n').flatMap((line) => {
    const [proto, , , local, peer, state] = line.trim().split(/\s+/)
    return /^tcp(?:4|6|46)?$/.test(proto ?? '') && state === 'ESTABLISHED' ? connection(local, peer, '.') : []
  })
}

function connection(localText: string | undefined, peerText: string | undefined, separator: string): Connection[] {
  const local = endpoint(localText ?? '', separator)
  const peer = endpoint(peerText ?? '', separator)
  return local && peer ? [{ local: local.address, localPort: local.port, peer: peer.address, peerPort: peer.port }] : []
}

/** A zone (`%eth0`, within the brackets or after them) says which link it is on: grants know addresses only. */
function endpoint(text: string, separator: string): { readonly address: Address; readonly port: number } | undefined {
  const place = text.lastIndexOf(separator)
  const address = parseAddress(text.slice(0, place).replace(/%[^\]]*/, '').replace(/^\[(.*)\]$/, '$1'))
  const port = Number(text.slice(place + 1))
  return address !== undefined && /^\d{1,5}$/.test(text.slice(place + 1)) && port <= 65_535 ? { address, port } : undefined
}
