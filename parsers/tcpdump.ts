import type { Direction } from './event.ts'
import { readPacketText, type Link } from './packet-text.ts'
import type { Outcome, ParseContext } from './parser.ts'
import { matchAt } from './stamps.ts'
import { chooseStamp, readTcpdumpStamp, refusedLine, skipSocketBlank } from './tcpdump-stamp.ts'
import type { Stamp } from './time.ts'

/**
 * Upstream's word before the packet (print-ip.c, print-ip6.c: not under -e), and before it under `-i any` the
 * interface and how the packet came (print-sll.c, sll2_if_print). OpenBSD prints neither.
 */
const HEAD = /(?:([^\s:]{1,15}) {1,5}(In|Out|B|M|P) {1,4})?IP6? /y

/** Broadcast and multicast came in; P was on its way to another host. */
const DIRECTIONS: ReadonlyMap<string, Direction> = new Map([['In', 'in'], ['B', 'in'], ['M', 'in'], ['Out', 'out'], ['P', 'forward']])
const NO_LINK: Link = { iface: undefined, dir: undefined, action: undefined }

/** One packet as text of either tcpdump, from an interface that is not pflog. */
export function tcpdumpMessage(text: string, at: number, stamp: Stamp, context: ParseContext): Outcome {
  const read = readTcpdumpStamp(text, at, context.spans)
  if (read === 'bad-time') return read
  const start = read?.end ?? skipSocketBlank(text, at)
  const head = matchAt(HEAD, text, start)
  const link = head?.[1] === undefined ? NO_LINK : { iface: head[1], dir: DIRECTIONS.get(head[2]!), action: undefined }
  const fields = readPacketText(text, head ? HEAD.lastIndex : start, link)
  if (typeof fields === 'string') return refusedLine(fields, stamp, read?.stamp)
  // Upstream prints the frame inside a VXLAN packet on a line of its own, without stamp and interface: so a line of
  // tcpdump -t is not to be told from a packet in which anybody may have written any address.
  if (read === undefined && link === NO_LINK) return 'ambiguous'
  return { stamp: chooseStamp(stamp, read?.stamp), fields }
}
