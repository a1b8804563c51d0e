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
const HEAD = /(?:([^\s:]{1,16}) {1,5}(In|Out|B|M|P) {1,4})?IP6? /y

/** Broadcast and multicast came in; P was for another host. */
const DIRECTIONS: ReadonlyMap<string, Direction> = new Map([['In', 'in'], ['B', 'in'], ['M', 'in'], ['Out', 'out']])
const NO_LINK: Link = { iface: undefined, dir: undefined, action: undefined }

/** One packet as text of either tcpdump, from an interface that is not pflog. */
export function tcpdumpMessage(text: string, at: number, stamp: Stamp, context: ParseContext): Outcome {
  const read = readTcpdumpStamp(text, at, context.spans)
  if (read === 'bad-time') return read
  const start = read?.end ?? skipSocketBlank(text, at)
  const head = matchAt(HEAD, text, start)
  // Upstream prints the frame inside a VXLAN packet on a line of its own, and that line has no stamp.
  if (head && head[1] === undefined && read === undefined && !context.stampless) return 'ambiguous'
  const link = head?.[1] === undefined ? NO_LINK : { iface: head[1], dir: DIRECTIONS.get(head[2]!), action: undefined }
  const fields = readPacketText(text, head ? HEAD.lastIndex : start, link)
  return typeof fields === 'string' ? refusedLine(fields, stamp, read?.stamp) : { stamp: chooseStamp(stamp, read?.stamp), fields }
}
