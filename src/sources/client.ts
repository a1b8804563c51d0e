import { parseAddress, type Address } from '../../parsers/address.ts'
import type { Fields } from '../../parsers/event.ts'
import type { Network } from '../../parsers/network.ts'
import type { Parsed } from '../../parsers/parser.ts'
import type { Reason } from '../../parsers/reason.ts'

/**
 * What a line shows, with the client that its request came from: the one that made the connection, unless that is one of our proxies.
 * Then it is the last address in X-Forwarded-For that is none, and nothing to the left of it is looked at: only what our proxies
 * added is not the client's own text.
 */
export function withClient({ fields, forwardedFor }: Parsed, proxies: readonly Network[]): Fields | Reason {
  if (fields.kind === 'packet' || proxies.length === 0 || !isAmong(proxies, fields.src)) return fields
  const src = lastOutside(proxies, forwardedFor ?? '')
  return src === undefined ? 'no-forwarded-client' : { ...fields, src }
}

/** Undefined if there is something else than an address before it, or nothing. */
function lastOutside(proxies: readonly Network[], forwardedFor: string): Address | undefined {
  for (const text of forwardedFor.split(',').toReversed()) {
    const address = parseAddress(text.trim())
    if (address === undefined || !isAmong(proxies, address)) return address
  }
  return undefined
}

function isAmong(networks: readonly Network[], address: Address): boolean {
  return networks.some((network) => network.contains(address))
}
