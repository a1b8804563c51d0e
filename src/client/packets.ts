import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { setImmediate as next } from 'node:timers/promises'
import type { PortStep } from '../../rules/rule.ts'
import { KnocktailError, reasonOf } from '../error.ts'
import type { Route } from './route.ts'

/**
 * What only we or our network can be the cause of. That a port is shut, or a host answers nothing or that it may not be reached, is what
 * knocking is about.
 */
const FAULTS = new Set(['ENETUNREACH', 'ENETDOWN', 'EADDRNOTAVAIL', 'EACCES', 'EPERM', 'EINVAL', 'EMFILE', 'ENFILE', 'ENOBUFS', 'EAFNOSUPPORT'])

type Sender = (port: number, route: Route) => Promise<void>

/** Sends one packet, from a source port that was not used just before. Throws a KnocktailError if it could not be sent. */
export function sendKnock(step: PortStep, route: Route): Promise<void> {
  return SENDERS[step.proto](step.port, route).catch((error: unknown) => {
    throw new KnocktailError('failed', `nothing can be sent to ${route.address}: ${reasonOf(error)}`)
  })
}

const SENDERS: Readonly<Record<PortStep['proto'], Sender>> = {
  /**
   * A SYN. It has left when `connect` has returned, and the socket is closed at once: kept, it would send the SYN again after a second,
   * and more and more, while the door is being used.
   */
  tcp: async (port, { address, source }) => {
    const socket = connect({ host: address, port, localAddress: source })
    const fault = new Promise<Error | undefined>((resolve) => {
      socket.once('error', resolve)
      socket.once('close', () => resolve(undefined))
    })
    // Node connects in the next tick, and tells of an error in the one after: both come before this.
    await next()
    socket.destroy()
    refuseFault(await fault)
  },

  /** One byte, since some middleboxes drop empty datagrams. */
  udp: async (port, { address, source, family }) => {
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4')
    try {
      const fault = await new Promise<Error | undefined>((resolve) => {
        socket.once('error', resolve)
        socket.bind({ address: source, exclusive: true }, () => socket.send('k', port, address, (error) => resolve(error ?? undefined)))
      })
      refuseFault(fault)
    } finally {
      socket.close()
    }
  },
}

function refuseFault(error: NodeJS.ErrnoException | undefined): void {
  if (error !== undefined && FAULTS.has(error.code ?? '')) throw error
}
