import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { isIPv6, parseAddress, type Address } from '../../parsers/address.ts'
import { KnocktailError, reasonOf } from '../error.ts'
import { printable, quoted } from '../printable.ts'

export type Family = 4 | 6

/** From where to where everything goes: the same for each knock and for what comes after them, since the door opens for one address. */
export interface Route {
  /** As it was named. */
  readonly host: string
  readonly family: Family
  readonly address: Address
  readonly source: Address
  /** Other families that the name has addresses of: for those no door is opened. */
  readonly otherFamilies: readonly Family[]
}

/** Discard (RFC 863). Nothing is sent to it: connecting a UDP socket only asks the routing table. */
const ANY_PORT = 9

/**
 * Resolves a name once, and finds the first of its addresses to which there is a way, and our own address on that way.
 * Throws a KnocktailError if there is none.
 */
export async function findRoute(host: string, family?: Family): Promise<Route> {
  const addresses = await resolveName(host, family)
  const families = new Set(addresses.map(familyOf))
  const faults: string[] = []
  for (const address of addresses) {
    const source = await sourceTo(address)
    const taken = familyOf(address)
    if ('address' in source) return { host, family: taken, address, source: source.address, otherFamilies: [...families].filter((other) => other !== taken) }
    faults.push(`${address}: ${source.fault}`)
  }
  throw new KnocktailError('failed', `there is no way to ${printable(host)}: ${faults.join('; ')}`)
}

async function resolveName(host: string, family: Family | undefined): Promise<Address[]> {
  const found = await lookup(host, { all: true, order: 'verbatim' }).catch((error: unknown) => {
    throw new KnocktailError('failed', `${quoted(host)} does not resolve: ${reasonOf(error)}`)
  })
  // An address with a zone (link-local) is no address here: nothing is ever opened for one.
  const addresses = new Set(found.flatMap(({ address }) => parseAddress(address) ?? []))
  const wanted = [...addresses].filter((address) => family === undefined || familyOf(address) === family)
  if (wanted.length > 0) return wanted
  const kind = family === undefined ? 'address that could be knocked at' : `IPv${family} address`
  throw new KnocktailError('failed', `${quoted(host)} has no ${kind}`)
}

function familyOf(address: Address): Family {
  return isIPv6(address) ? 6 : 4
}

function sourceTo(address: Address): Promise<{ readonly address: Address } | { readonly fault: string }> {
  const socket = createSocket(familyOf(address) === 6 ? 'udp6' : 'udp4')
  return new Promise<{ address: Address } | { fault: string }>((resolve) => {
    const fail = (error: Error): void => resolve({ fault: reasonOf(error) })
    socket.once('error', fail)
    socket.connect(ANY_PORT, address, (error?: Error) => {
      if (error !== undefined) return fail(error)
      const source = parseAddress(socket.address().address)
      resolve(source === undefined ? { fault: 'only a link-local address leads there' } : { address: source })
    })
  }).finally(() => socket.close())
}
