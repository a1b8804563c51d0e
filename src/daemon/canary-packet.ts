import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { isIPv6, parseAddress, type Address } from '../../parsers/address.ts'
import { reasonOf } from '../error.ts'

/** Sends one packet and answers why it could not. */
export type Send = (packet: CanaryPacket) => Promise<string | undefined>

export interface CanaryPacket {
  readonly proto: 'tcp' | 'udp'
  /** From here, and to here. */
  readonly address: Address
  readonly sport: number
  readonly dport: number
}

/** One of this machine's that is not loopback's nor of one link alone; IPv4 first. */
export function ownAddress(): Address | undefined {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []).filter(({ internal, scopeid }) => !internal && !scopeid)
  return all.toSorted((one, other) => (one.family < other.family ? -1 : 1)).flatMap(({ address }) => parseAddress(address) ?? [])[0]
}

/** How a firewall may answer what nobody listens to: it was sent all the same. */
const ANSWERS: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT'])
/** Before the kernel sends a SYN again. */
const SYN_MS = 500

export const sendPacket: Send = (packet) => (packet.proto === 'tcp' ? sendSyn(packet) : sendDatagram(packet))

function sendSyn({ address, sport, dport }: CanaryPacket): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: dport, localAddress: address, localPort: sport })
    const end = (error?: NodeJS.ErrnoException): void => {
      clearTimeout(limit)
      socket.destroy()
      resolve(error === undefined || ANSWERS.has(error.code ?? '') ? undefined : reasonOf(error))
    }
    const limit = setTimeout(end, SYN_MS)
    socket.once('connect', () => end())
    socket.on('error', end)
  })
}

function sendDatagram({ address, sport, dport }: CanaryPacket): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
    const end = (error?: Error | null): void => {
      socket.close()
      resolve(error ? reasonOf(error) : undefined)
    }
    socket.on('error', end)
    socket.bind(sport, address, () => socket.send('', dport, address, end))
  })
}
