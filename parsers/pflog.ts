import type { Direction, Packet } from './event.ts'
import { readPacketText } from './packet-text.ts'
import type { Outcome, ParseContext } from './parser.ts'
import type { Reason } from './reason.ts'
import { matchAt } from './stamps.ts'
import { chooseStamp, isBlank, readTcpdumpStamp, refusedLine, skipSocketBlank } from './tcpdump-stamp.ts'
import type { Stamp } from './time.ts'

/**
 * The pflog header, as `tcpdump -e` prints it.
 * OpenBSD (print-pflog.c, pflog_if_print): `rule NR[.ANCHOR.SUB]/(REASON) [uid..] ACTION DIR on IF: [uid..] [rewritten..] `;
 * the action is empty where the program has no word for it.
 * Upstream (print-pflog.c, pflog_print): `rule [NR][.ANCHOR][.SUB]/N(REASON)[ [uid..]][ [ridentifier..]]: ACTION DIR on IF: `.
 * Anchors and interfaces are the administrator's words, nobody else's.
 */
const HEADER = new RegExp(
  String.raw`rule (?:def|\d{0,10})(?:\.[^/]{1,64})?/` +
    String.raw`(?:\((?:[a-z-]{1,20}|unkn \d{1,3})\) (?:\[uid [^\]]{1,40}\] )?` +
    String.raw`|(?:\d{1,3}\([a-z-]{1,20}\)|unkn\(\d{1,3}\))(?: \[uid \d{1,10}\])?(?: \[ridentifier \d{1,10}\])?: )` +
    String.raw`([a-z-]{0,16}|unkn\(\d{1,3}\)) (in/out|in|out|fwd|unkn\(\d{1,3}\)) on ([^\s:]{1,15}): ` +
    String.raw`(?:\[uid [^\]]{1,40}\] )?(?:\[(?:rewritten: |orig )[^\]]{1,200}\] )?`,
  'y',
)
const NOT_CAPTURED = / ?\[(?:\||pflog: )/y

const DIRECTIONS: ReadonlyMap<string, Direction> = new Map([['in', 'in'], ['out', 'out'], ['fwd', 'forward']])

/** One packet that pf logged, as text of OpenBSD's or upstream's tcpdump. */
export function pflogMessage(text: string, at: number, stamp: Stamp, context: ParseContext): Outcome {
  const read = readTcpdumpStamp(text, at, context.spans)
  if (read === 'bad-time') return read
  const start = read?.end ?? skipSocketBlank(text, at)
  const header = matchAt(HEADER, text, start)
  const fields = header ? readPacket(text, HEADER.lastIndex, header) : refuse(text, start)
  return typeof fields === 'string' ? refusedLine(fields, stamp, read?.stamp) : { stamp: chooseStamp(stamp, read?.stamp), fields }
}

function readPacket(text: string, at: number, header: RegExpExecArray): Packet | Reason {
  const [, action, direction, iface] = header
  return readPacketText(text, at, { iface, dir: DIRECTIONS.get(direction!), action: action === '' ? undefined : action })
}

function refuse(text: string, at: number): Reason {
  if (matchAt(NOT_CAPTURED, text, at)) return 'truncated'
  return isBlank(text.charCodeAt(at)) ? 'continuation' : 'not-this-dialect'
}
