import { KERNEL_LAYOUT, readPacket, scanLink } from './netfilter.ts'
import type { Outcome, ParseContext } from './parser.ts'
import { matchAt } from './stamps.ts'
import type { Stamp } from './time.ts'

/** printk cuts a record's text at 1024 bytes less its own prefix (kernel/printk/printk.c, LOG_LINE_MAX). */
const PRINTK_LIMIT = 976
/** nft's longest log prefix is 127 characters, iptables' 29. */
const PREFIX_LIMIT = 128
/** What imklog keeps of printk's own stamp. */
const EMBEDDED_UPTIME = /\[ *\d{1,10}\.\d{6}\] /y
/** C0 controls and DEL, raw or as /dev/kmsg escapes them. */
// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u001f\u007f]|\\x(?:[01][0-9a-fA-F]|7f)/

/** One packet that netfilter's LOG target or nft's `log` printed. */
export function kernelMessage(text: string, at: number, stamp: Stamp, context: ParseContext): Outcome {
  if (text.length - at >= PRINTK_LIMIT) return 'at-printk-limit'
  if (matchAt(EMBEDDED_UPTIME, text, at)) at = EMBEDDED_UPTIME.lastIndex
  if (context.prefix !== undefined && !text.startsWith(context.prefix, at)) return 'wrong-prefix'
  const start = context.prefix === undefined ? findLink(text, at) : at + context.prefix.length
  const end = start < 0 ? -1 : scanLink(text, start)
  if (end < 0) return 'not-this-dialect'
  if (CONTROLS.test(text.slice(at, start))) return 'control-characters'
  const fields = readPacket(text, end, KERNEL_LAYOUT)
  return typeof fields === 'string' ? fields : { stamp, fields }
}

/** Where the packet begins behind a prefix that is not known: at the first `IN=` that is followed by ` OUT=`. */
export function findLink(text: string, at: number): number {
  for (let start = text.indexOf('IN=', at); start >= 0 && start - at <= PREFIX_LIMIT; start = text.indexOf('IN=', start + 1)) {
    if (scanLink(text, start) >= 0) return start
  }
  return -1
}
