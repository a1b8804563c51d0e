import type { Address } from '../parsers/address.ts'
import { findDialect, parseLine } from '../parsers/dialects.ts'
import type { Fields } from '../parsers/event.ts'
import { parseNetwork, type Network } from '../parsers/network.ts'
import { DEFAULT_CONTEXT, isParsed } from '../parsers/parser.ts'
import type { Reason } from '../parsers/reason.ts'
import type { SourceConfig } from './config/config.ts'
import { lastLines } from './log-end.ts'
import { withClient } from './sources/client.ts'

/** From there a proxy on the same host talks to a web server: loopback, and the bridges that Docker makes by itself. */
const PROXY_RANGES = ['127.0.0.0/8', '::1', '172.16.0.0/12'].map((text) => parseNetwork(text)!)

/** From fewer requests nothing is concluded: the admin may have tried his own server. */
const ENOUGH = 5

const ADVICE = 'let the web server log X-Forwarded-For ("$http_x_forwarded_for" behind nginx\'s combined format)'

/** Why the clients that a web log names are not those who ask, and what mends it. Undefined: nothing shows it. */
export function hiddenClients({ follow, parser }: SourceConfig, proxies: readonly Network[]): string | undefined {
  if (follow.kind !== 'file') return undefined
  const clients = lastClients(follow.path, parser ?? '', proxies)
  if (clients.length < ENOUGH) return undefined
  const addresses = [...new Set(clients.flatMap((client) => (typeof client === 'string' ? [] : [client.src])))]
  if (addresses.length === 0) return `its last ${clients.length} requests come from configured proxies and name no client, so nobody can knock there: ${ADVICE}`
  if (!addresses.every(isProxyLike)) return undefined
  const names = addresses.slice(0, 3).join(', ')
  return `its last ${clients.length} requests come from ${names}, where a proxy or Docker stands before the web server, and one knock would be everybody's: proxies = ${names}, and ${ADVICE}`
}

function lastClients(path: string, parser: string, proxies: readonly Network[]): (Fields | Reason)[] {
  const dialect = findDialect(parser)
  if (dialect === undefined) return []
  return lastLines(path).flatMap((line) => {
    const outcome = parseLine(dialect, line, DEFAULT_CONTEXT)
    return isParsed(outcome) && outcome.fields.kind === 'request' ? [withClient(outcome, proxies)] : []
  })
}

function isProxyLike(address: Address): boolean {
  return PROXY_RANGES.some((network) => network.contains(address))
}
