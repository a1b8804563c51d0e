import { parseAddress, type Address } from '../../parsers/address.ts'
import type { OpenPort } from '../config/config.ts'
import type { Listed } from './firewall.ts'
import { isOurs } from './label.ts'

/** What `nft -j` prints, as far as it is looked at: libnftables-json(5). */
export interface NftSet {
  readonly type: unknown
  readonly flags: readonly string[]
  readonly elements: readonly unknown[]
}

/** The set of that name, wherever it stands in the output; undefined if there is none. Throws a SyntaxError on what is no JSON. */
export function findSet(json: string, name: string): NftSet | undefined {
  for (const object of objectsOf(json)) {
    const set = field(object, 'set')
    if (field(set, 'name') === name) return { type: field(set, 'type'), flags: textsOf(field(set, 'flags')), elements: listOf(field(set, 'elem')) }
  }
  return undefined
}

/** Whether any rule looks that set up. */
export function isSetUsed(json: string, name: string): boolean {
  return objectsOf(json).some((object) => {
    const rule = field(object, 'rule')
    return rule !== undefined && JSON.stringify(rule).includes(`"@${name}"`)
  })
}

/** The set's addresses, with a port those of that port only. Prefixes and ranges are nobody's grant. */
export function listedOf({ elements }: NftSet, port: OpenPort | undefined): Listed[] {
  return elements.flatMap((element) => {
    const inner = field(element, 'elem')
    const address = addressIn(inner === undefined ? element : field(inner, 'val'), port)
    if (address === undefined) return []
    return { address, seconds: secondsOf(inner), mark: isOurs(textOf(field(inner, 'comment'))) ? 'ours' : 'foreign' }
  })
}

function addressIn(value: unknown, port: OpenPort | undefined): Address | undefined {
  if (!port) return parseText(value)
  const [address, proto, service] = listOf(field(value, 'concat'))
  return proto === port.proto && service === port.port ? parseText(address) : undefined
}

function parseText(value: unknown): Address | undefined {
  return typeof value === 'string' ? parseAddress(value) : undefined
}

/** nft cuts off what is less than a second. */
function secondsOf(element: unknown): number | undefined {
  const expires = field(element, 'expires')
  return typeof expires === 'number' ? expires + 1 : undefined
}

function objectsOf(json: string): readonly unknown[] {
  return listOf(field(JSON.parse(json), 'nftables'))
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function textsOf(value: unknown): readonly string[] {
  return listOf(value).filter((item) => typeof item === 'string')
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
