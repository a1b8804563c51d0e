import { readFileSync } from 'node:fs'
import { beforeAll, expect } from 'vitest'
import { addressOf, type Netns } from './netns.ts'

/** A server whose port 22 is shut but for a set, and whose knock ports are logged, with a prefix that no other test has. */

export const KNOCKS = [31877, 7412, 52044] as const

export function ruleset(prefix: string, log = `log prefix "${prefix}"`): string {
  return `table inet filter {
  set knock4 { type ipv4_addr; flags timeout; }
  set knock6 { type ipv6_addr; flags timeout; }
  chain input {
    type filter hook input priority 0; policy accept;
    ct state established accept
    tcp dport 22 ip saddr @knock4 accept
    tcp dport 22 ip6 saddr @knock6 accept
    tcp dport 22 drop
    tcp dport { ${KNOCKS.join(', ')} } tcp flags syn / fin,syn,rst,ack ${log} reject with tcp reset
    udp dport { ${KNOCKS.join(', ')} } ${log} drop
  }
}
`
}

const ALL_NETNS = '/proc/sys/net/netfilter/nf_log_all_netns'

/** For tests that need what `global-setup.ts` has set: it says so, where nothing would be logged otherwise. */
export function useNamespaceLog(): void {
  beforeAll(() => expect(readFileSync(ALL_NETNS, 'latin1').trim()).toBe('1'))
}

export async function loadRules(netns: Netns, prefix: string, log?: string): Promise<void> {
  await netns.serve(['nft', '-f', '-'], `flush ruleset\n${ruleset(prefix, log)}`)
}

/**
 * Knocks from one port twice within a minute are one SYN that was sent again, and nc -s draws its port by chance, from 14,000: of a
 * hundred sequences one in twenty-five times some would be such.
 */
let lastSourcePort = 20_000

/** Real SYNs, one client process a knock, from an address of the client's. */
export async function knock(netns: Netns, from: string = addressOf('client', 4), ports: readonly number[] = KNOCKS): Promise<void> {
  const server = addressOf('server', from.includes(':') ? 6 : 4)
  const each = ports.map((port) => `nc -z -w1 -s ${from} -p ${++lastSourcePort} ${server} ${port}`)
  await netns.inClient(['sh', '-c', `${each.join('; ')}; true`])
}

/** A datagram to each of those ports, in this order, from a shell that is gone at once. */
export async function sendDatagrams(netns: Netns, ports: readonly number[]): Promise<void> {
  await netns.inClient(['bash', '-c', ports.map((port) => `echo > /dev/udp/${addressOf('server', 4)}/${port}`).join('; ')])
}

export interface DoorConfig {
  readonly prefix: string
  readonly openFor?: string
  /** More lines of [knocktail]. */
  readonly global?: string
  /** More lines of the rule. */
  readonly rule?: string
  readonly source?: string
  readonly firewall?: string
}

export function doorConfig({ prefix, openFor = '30s', global = '', rule = '', source, firewall }: DoorConfig): string {
  return `[knocktail]
firewall = nftables
${global}
[source kernel]
${source ?? `follow = kmsg\nprefix = "${prefix}"`}
[firewall nftables]
${firewall ?? 'set4 = inet filter knock4\nset6 = inet filter knock6'}
[ssh]
sequence = ${KNOCKS.join(', ')}
seq_timeout = 15s
ports = 22/tcp
open_for = ${openFor}
${rule}
`
}
