import { FLAG_BITS, type TcpFlags } from './event.ts'
import { flagLetters } from './flag-letters.ts'
import type { Reason } from './reason.ts'
import { matchAt } from './stamps.ts'

/** What a line says of a TCP header; a field that it does not show is undefined. */
export interface TcpText {
  readonly flags: TcpFlags | undefined
  readonly seq: number | undefined
}

/** Upstream, print-tcp.c, tcp_print: the flags in this order, `.` for ACK, W for CWR, e for AE. */
const UPSTREAM = new RegExp(
  String.raw`Flags \[(none|(?!\])F?S?R?P?\.?U?E?W?e?)\]` +
    String.raw`(?:, cksum 0x[0-9a-f]{1,4} \([a-z]{1,12}(?: -> 0x[0-9a-f]{1,4})?\))?` +
    // A number at the end of the line may be cut: something always follows it.
    String.raw`(?:, seq (\d{1,10})(?::\d{1,10})?(?=, ))?(?=, |$)`,
  'y',
)

/**
 * OpenBSD, print-tcp.c, tcp_print: the flags in this order, `.` if there are none of them. ACK and URG show only
 * behind them, so that nothing but the whole tail tells a SYN from a SYN-ACK.
 */
const OPENBSD_FLAGS = /(?:\.|(?=[SFRPWE])S?F?R?P?W?E?)(?= |$)/y
const OPENBSD_TAIL = new RegExp(
  String.raw`(?: \[[^\]]{1,80}\]){0,4}(?: \(src OS: [^)]{0,80}\))?` +
    String.raw`(?: (\d{1,10}):\d{1,10}\(\d{1,5}\))?( ack \d{1,10})? win \d{1,5}( urg \d{1,5})?(?= |$)`,
  'y',
)
const OPENBSD_BAD_HEADER = / \[bad hdr length\]/y
/** Cut where the acknowledgment would have followed. */
const OPENBSD_CUT = / \d{1,10}(?::\d{0,10}(?:\(\d{0,5}\)?)?)?$/y

/** TCP whose flags are not shown: -q, a snap length that ends in the header, a header that contradicts itself. */
const WITHOUT_FLAGS = / ?(?:tcp -?\d+(?= |$)|(?:\d{1,10} ?)?\[\|tcp\]|\[bad hdr length )/y
/** Shaped like TCP, but with flags that no known release prints: not to be taken for UDP. */
const STRANGE_FLAGS = /[A-Za-z.]{1,9}(?: \d{1,10}:\d{1,10}\(\d{1,5}\))?(?: ack \d{1,10})? win \d/y
const UNKNOWN: TcpText = { flags: undefined, seq: undefined }

const readLetters = flagLetters({
  F: 'FIN', S: 'SYN', R: 'RST', P: 'PSH', '.': 'ACK', U: 'URG', E: 'ECE', W: 'CWR', e: 'AE',
})
const NO_FLAGS = 0 as TcpFlags

/** The TCP header whose text begins at `at`; undefined if the text is not TCP's; a reason if it is damaged. */
export function readTcpText(text: string, at: number): TcpText | Reason | undefined {
  if (text.startsWith('Flags [', at)) return readUpstream(text, at)
  const flags = matchAt(OPENBSD_FLAGS, text, at)
  if (flags) return readOpenbsd(text, OPENBSD_FLAGS.lastIndex, flags[0])
  if (matchAt(WITHOUT_FLAGS, text, at)) return UNKNOWN
  return matchAt(STRANGE_FLAGS, text, at) ? 'not-this-dialect' : undefined
}

function readUpstream(text: string, at: number): TcpText | Reason {
  const found = matchAt(UPSTREAM, text, at)
  if (!found) return 'not-this-dialect'
  return tcpText(found[1] === 'none' ? NO_FLAGS : readLetters(found[1]!), found[2])
}

function readOpenbsd(text: string, at: number, letters: string): TcpText | Reason {
  const shown = letters === '.' ? NO_FLAGS : readLetters(letters)
  // People cut the tail off when they quote such lines; what is left is taken at its word.
  if (at === text.length) return { flags: shown, seq: undefined }
  const tail = matchAt(OPENBSD_TAIL, text, at)
  if (!tail) return refuseTail(text, at)
  const acknowledges = tail[2] === undefined ? 0 : FLAG_BITS.ACK
  const urgent = tail[3] === undefined ? 0 : FLAG_BITS.URG
  return tcpText((shown | acknowledges | urgent) as TcpFlags, tail[1])
}

function refuseTail(text: string, at: number): TcpText | Reason {
  if (matchAt(OPENBSD_BAD_HEADER, text, at)) return UNKNOWN
  return matchAt(OPENBSD_CUT, text, at) ? 'truncated' : 'not-this-dialect'
}

function tcpText(flags: TcpFlags, sequence: string | undefined): TcpText | Reason {
  if (sequence === undefined) return { flags, seq: undefined }
  const seq = Number(sequence)
  return seq <= 0xffffffff ? { flags, seq } : 'bad-number'
}
