import { BlockList } from 'node:net'
import type { Address } from '../../parsers/address.ts'

const NEVER = new BlockList()
for (const [network, length] of [['0.0.0.0', 8], ['127.0.0.0', 8], ['169.254.0.0', 16], ['224.0.0.0', 4], ['255.255.255.255', 32]] as const) {
  NEVER.addSubnet(network, length, 'ipv4')
}
for (const [network, length] of [['::', 127], ['fe80::', 10], ['ff00::', 8]] as const) NEVER.addSubnet(network, length, 'ipv6')

/**
 * What the privileged part refuses whatever the front asks for, told by nothing but Node itself: unspecified, loopback, link-local, multicast,
 * broadcast. No packet from another host bears these, or they stand for many hosts.
 */
export function isNeverOpened(address: Address): boolean {
  return NEVER.check(address, address.includes(':') ? 'ipv6' : 'ipv4')
}
