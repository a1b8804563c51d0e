import { transport, type Transport } from './event.ts'
import type { Reason } from './reason.ts'
import { matchAt } from './stamps.ts'

/**
 * What both tcpdumps print behind `A > B:` when there are no ports: a transport that has none, a later fragment,
 * a header that was not captured, or another packet inside this one (print-ip.c, ip_print; print-ip6.c, ip6_print).
 */

/** IPv6 extension headers and IPv4 fragments, with their values in brackets. */
const EXTENSION = /(?:HBH|DSTOPT|frag|\((?:frag )?[^()]{1,80}\)) ?/y
/** More of them than any honest packet has. */
const EXTENSION_LIMIT = 8
/** A second pair of addresses or bare ports, a second IP word, or upstream's `(tos ... proto TCP (6) ...)` again. */
const INNER_PACKET = /IP6?[ ,(]|[0-9a-fA-F:.]{1,51} > |\(/y
const WORD = /(?:\[\|)?(?:ip-proto-(\d{1,3})|([a-z]{2,7}6?)(?:v\d)?)(?![a-z0-9])/iy
const NOT_CAPTURED = /\[\||truncated-|$/y

/** The words by which the programs name a transport, as IP protocol numbers. */
const NUMBERS: Readonly<Record<string, number>> = {
  icmp: 1, icmp6: 58, igmp: 2, esp: 50, ah: 51, gre: 47, ospf: 89, pim: 103, vrrp: 112, carp: 112,
  eigrp: 88, rsvp: 46, ipcomp: 108, mobile: 55, etherip: 97,
}

/** The transport of a packet whose text shows no ports; `at` is behind the colon. */
export function readPortless(text: string, at: number): Transport | Reason {
  const start = skipBlanks(text, at)
  const end = skipExtensions(text, start)
  if (matchAt(INNER_PACKET, text, end)) return 'encapsulated'
  const named = readNamed(text, end)
  if (named !== undefined) return named
  // A later fragment of OpenBSD says nothing of its transport.
  const isFragment = text.slice(start, end).includes('frag')
  return isFragment || matchAt(NOT_CAPTURED, text, end) ? 'truncated' : 'not-this-dialect'
}

/** The transport that a word names, as in `esp A > B spi ...` of OpenBSD (print-ipsec.c). */
export function transportNamed(word: string): Transport | undefined {
  const number = NUMBERS[word.toLowerCase()]
  return number === undefined ? undefined : transport(number)
}

function readNamed(text: string, at: number): Transport | Reason | undefined {
  const found = matchAt(WORD, text, at)
  if (!found) return undefined
  if (found[1] === undefined) return transportNamed(found[2]!)
  const number = Number(found[1])
  return number <= 255 ? transport(number) : 'bad-number'
}

function skipBlanks(text: string, at: number): number {
  while (text.charCodeAt(at) === 32) at++
  return at
}

function skipExtensions(text: string, at: number): number {
  for (let count = 0; count < EXTENSION_LIMIT && matchAt(EXTENSION, text, at); count++) at = EXTENSION.lastIndex
  return at
}
