import { networkInterfaces } from 'node:os'
import { parseAddress, type Address } from '../parsers/address.ts'
import type { Network } from '../parsers/network.ts'
import type { Micros } from '../parsers/time.ts'
import type { Clocks } from './clocks.ts'

/** Interfaces come and go (DHCP, tunnels): older knowledge is looked up anew. */
const MAX_AGE = 5_000_000 as Micros

/** This host's own addresses, as a network that is asked whether it contains one. */
export function ownAddresses(clocks: Pick<Clocks, 'boot'>, read: () => readonly string[] = readInterfaces): Network {
  let known = new Set<Address>()
  let readAt = Number.NEGATIVE_INFINITY
  return {
    text: "this host's own addresses",
    contains: (address) => {
      if (clocks.boot() - readAt > MAX_AGE) {
        known = new Set(read().flatMap((text) => parseAddress(text) ?? []))
        readAt = clocks.boot()
      }
      return known.has(address)
    },
  }
}

function readInterfaces(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []).map(({ address }) => address)
}
