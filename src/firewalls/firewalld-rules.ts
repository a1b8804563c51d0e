import { isIPv6, parseAddress, type Address } from '../../parsers/address.ts'
import type { OpenPort } from '../config/config.ts'

/** Exactly as `--list-rich-rules` prints it: firewalld knows a rule by its text. */
export function richRule(address: Address, { proto, port }: OpenPort): string {
  const family = isIPv6(address) ? 'ipv6' : 'ipv4'
  return `rule family="${family}" source address="${address}" port port="${port}" protocol="${proto}" accept`
}

/** The addresses of the rules that are exactly as ours would be. */
export function admittedBy(output: string, port: OpenPort): Set<Address> {
  const addresses = output.split('\n').flatMap((line) => {
    const address = parseAddress(/ source address="([^"]*)"/.exec(line)?.[1] ?? '')
    return address !== undefined && line.trim() === richRule(address, port) ? [address] : []
  })
  return new Set(addresses)
}

/** What `--list-all` prints of a zone, as far as doors need it. */
export interface Zone {
  readonly target: string
  readonly services: readonly string[]
  readonly ports: readonly string[]
  readonly rich: readonly string[]
}

export function readZone(output: string): Zone {
  const words = (name: string): string[] => new RegExp(`^  ${name}: (.*)$`, 'm').exec(output)?.[1]?.split(' ').filter((word) => word !== '') ?? []
  const rich = output.split('\n').filter((line) => line.startsWith('\t')).map((line) => line.trim())
  return { target: words('target')[0] ?? '', services: words('services'), ports: words('ports'), rich }
}

/** Whether one of firewalld's `22/tcp` or `1024-2048/udp` has that port. */
export function holdsPort(ports: readonly string[], { proto, port }: OpenPort): boolean {
  return ports.some((text) => {
    const [, first, last = first, itsProto] = /^(\d+)(?:-(\d+))?\/(\w+)$/.exec(text) ?? []
    return itsProto === proto && Number(first) <= port && port <= Number(last)
  })
}
