import { parseAddress, type Address } from '../../parsers/address.ts'

/** A set as `ipset list SET -o xml` prints it. */
export interface IpSet {
  readonly type: string
  readonly family: string
  readonly hasTimeout: boolean
  readonly hasComment: boolean
  readonly maxelem: number
  /** How many rules and sets use it. */
  readonly references: number
  readonly members: ReadonlyMap<Address, Member>
}

export interface Member {
  /** What is left of its time; 0: it stays until it is taken away. undefined in a set without time-outs. */
  readonly seconds: number | undefined
  readonly comment: string | undefined
}

/** Networks and the like are no members that a door could be. ipset allows no `"` in a comment. */
const MEMBER = /<member><elem>([^<]*)<\/elem>(?:<timeout>(\d+)<\/timeout>)?[^\n]*?(?:<comment>"([^"\n]*)"<\/comment>)?<\/member>/g

/** Undefined: it is no listing, or was cut. */
export function readIpSet(xml: string): IpSet | undefined {
  const header = /<header>([\s\S]*?)<\/header>/.exec(xml)?.[1]
  if (header === undefined || !xml.includes('</ipsets>')) return undefined
  const members = new Map<Address, Member>()
  for (const [, text, timeout, comment] of xml.matchAll(MEMBER)) {
    const address = parseAddress(text!)
    if (address !== undefined) members.set(address, { seconds: timeout === undefined ? undefined : Number(timeout), comment })
  }
  return {
    type: /<type>([^<]*)</.exec(xml)?.[1] ?? '',
    family: /<family>([^<]*)</.exec(header)?.[1] ?? '',
    hasTimeout: header.includes('<timeout>'),
    hasComment: header.includes('<comment/>'),
    maxelem: Number(/<maxelem>(\d+)/.exec(header)?.[1] ?? Number.POSITIVE_INFINITY),
    references: Number(/<references>(\d+)/.exec(header)?.[1] ?? 0),
    members,
  }
}
