import { startsWith, type Line } from './bytes.ts'
import { PRINTK_LIMIT } from './kernel.ts'
import { findLink, linkStart } from './netfilter-link.ts'
import { KERNEL_LAYOUT } from './netfilter-transport.ts'
import { readPacket } from './netfilter.ts'
import type { ParseContext, Parsed } from './parser.ts'
import { ISO_LENGTH, isoStampAt, SYSLOG_LENGTH, syslogStampAt } from './quick-stamps.ts'

/**
 * The kernel's lines as syslog daemons write them by default: `STAMP HOST kernel: [UPTIME] PREFIX IN=...`. A file has millions of them, and
 * reading them from text costs three times as much. Anything that is the least bit unusual is left to that.
 */
export function quickKernelLine(line: Line, at: number, { prefix }: ParseContext): Parsed | undefined {
  const { bytes, end } = line
  const isIso = isDigit(bytes[at])
  const host = at + (isIso ? ISO_LENGTH : SYSLOG_LENGTH)
  if (prefix !== undefined || host >= end || bytes[host] !== BLANK) return undefined
  const body = behindTag(line, host + 1)
  if (body < 0 || end - body >= PRINTK_LIMIT) return undefined
  const message = bytes[body] === BRACKET ? behindUptime(bytes, body) : body
  const link = message < 0 ? -1 : findLink(line, message)
  if (link < 0 || !isPlain(bytes, message, linkStart())) return undefined
  const stamp = isIso ? isoStampAt(bytes, at) : syslogStampAt(bytes, at)
  const fields = stamp && readPacket(line, link, KERNEL_LAYOUT)
  return typeof fields === 'object' ? { stamp: stamp!, fields } : undefined
}

const BLANK = 32
const BRACKET = 91
const BACKSLASH = 92
const DEL = 127
const TAG = Buffer.from(' kernel: ')
/** `message repeated 2 times: [` begins so: no prefix that a fast way is needed for does. */
const LETTER_M = 109
const LONGEST_HOST = 64

/** Behind `HOST kernel: `, or -1. */
function behindTag(line: Line, at: number): number {
  const { bytes } = line
  let end = at
  while (end < at + LONGEST_HOST && isHostCode(bytes[end]!)) end++
  if (end === at || !startsWith(line, end, TAG)) return -1
  const body = end + TAG.length
  return bytes[body] === LETTER_M ? -1 : body
}

/** Letters, digits, `-` and `.`: nothing that could be part of a tag. */
function isHostCode(code: number): boolean {
  return (code >= 97 && code <= 122) || isDigit(code) || (code >= 65 && code <= 90) || code === 45 || code === 46
}

/** Behind `[ 1261.704253] `, which imklog keeps, or -1. */
function behindUptime(bytes: Uint8Array, at: number): number {
  let end = at + 1
  while (bytes[end] === BLANK) end++
  const whole = end
  while (end < whole + 10 && isDigit(bytes[end])) end++
  if (end === whole || bytes[end] !== 46) return -1
  for (let decimal = 1; decimal <= 6; decimal++) if (!isDigit(bytes[end + decimal])) return -1
  return bytes[end + 7] === 93 && bytes[end + 8] === BLANK ? end + 9 : -1
}

/** Nothing but printable ASCII, and no escape. */
function isPlain(bytes: Uint8Array, at: number, end: number): boolean {
  for (; at < end; at++) {
    const code = bytes[at]!
    if (code < BLANK || code >= DEL || code === BACKSLASH) return false
  }
  return true
}

function isDigit(code: number | undefined): boolean {
  return code !== undefined && code >= 48 && code <= 57
}
