import { lineOf } from './bytes.ts'
import { readPacket } from './netfilter.ts'
import { findLink, linkOf, linkStart, scanLink } from './netfilter-link.ts'
import { KERNEL_LAYOUT } from './netfilter-transport.ts'
import type { Outcome, ParseContext } from './parser.ts'
import { matchAt } from './stamps.ts'
import type { Stamp } from './time.ts'

/** printk cuts a record's text at 1024 bytes less its own prefix (kernel/printk/printk.c, LOG_LINE_MAX). */
export const PRINTK_LIMIT = 976
const BRACKET = 91
/** What imklog keeps of printk's own stamp. */
const EMBEDDED_UPTIME = /\[ *\d{1,10}\.\d{6}\] /y
/** C0 controls and DEL, raw or as /dev/kmsg escapes them. */
// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u001f\u007f]|\\x(?:[01][0-9a-fA-F]|7f)/

/** One packet that netfilter's LOG target or nft's `log` printed. */
export function kernelMessage(text: string, at: number, stamp: Stamp, context: ParseContext): Outcome {
  if (text.length - at >= PRINTK_LIMIT) return 'at-printk-limit'
  if (text.charCodeAt(at) === BRACKET && matchAt(EMBEDDED_UPTIME, text, at)) at = EMBEDDED_UPTIME.lastIndex
  const { prefix } = context
  if (prefix !== undefined && !text.startsWith(prefix, at)) return 'wrong-prefix'
  const line = lineOf(text)
  const end = prefix === undefined ? findLink(line, at) : scanLink(line, at + prefix.length)
  if (end < 0) return 'not-this-dialect'
  if (CONTROLS.test(text.slice(at, linkStart()))) return 'control-characters'
  const fields = readPacket(line, end, linkOf(line), KERNEL_LAYOUT)
  return typeof fields === 'string' ? fields : { stamp, fields }
}
