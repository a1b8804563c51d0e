import { isDigit, KnownBytes, startsWith, type Line } from './bytes.ts'
import { PRINTK_LIMIT } from './kernel.ts'
import { findLink, linkOf, linkStart, type Link } from './netfilter-link.ts'
import { KERNEL_LAYOUT } from './netfilter-transport.ts'
import { readPacket } from './netfilter.ts'
import { PlainPackets } from './plain-packet.ts'
import type { Dialect } from './parser.ts'
import { ISO_LENGTH, IsoStamps, SYSLOG_LENGTH, syslogStampAt } from './quick-stamps.ts'

/**
 * The kernel's lines as syslog daemons write them by default: `STAMP HOST kernel: [UPTIME] PREFIX IN=...`. A file has millions of them, and
 * reading them from text costs three times as much. Anything that is the least bit unusual is left to that.
 */
export function kernelLineReader(): NonNullable<Dialect['quick']> {
  const isoStamps = new IsoStamps()
  const links = new Links()
  const plain = new PlainPackets()
  return (line, at, { prefix }) => {
    const { bytes, end } = line
    const isIso = isDigit(bytes[at])
    const host = at + (isIso ? ISO_LENGTH : SYSLOG_LENGTH)
    // A prefix is asked for where lines come live: those are not so many.
    if (prefix !== undefined || host >= end || bytes[host] !== BLANK) return undefined
    const body = behindTag(line, host + 1)
    if (body < 0 || end - body >= PRINTK_LIMIT) return undefined
    const message = bytes[body] === OPEN ? behindUptime(bytes, body) : body
    const packet = message < 0 ? -1 : links.read(line, message)
    if (packet < 0) return undefined
    const stamp = isIso ? isoStamps.read(line, at) : syslogStampAt(bytes, at)
    if (stamp === undefined) return undefined
    const fields = plain.read(line, packet, links.link) ?? readPacket(line, packet, links.link, KERNEL_LAYOUT)
    return typeof fields === 'object' ? { stamp, fields } : undefined
  }
}

/** Most lines have the prefix, the interfaces and the hardware addresses of the line before. */
class Links {
  link: Link = { iface: undefined, dir: undefined }
  readonly #known = new KnownBytes(LONGEST_LINK)

  /** Where the packet behind prefix and link part begins, or -1. Afterwards `link` is its. */
  read(line: Line, at: number): number {
    const known = this.#known.endAt(line, at)
    if (known >= 0) return known - SRC.length
    const end = findLink(line, at)
    if (end < 0 || !isPlain(line.bytes, at, linkStart()) || !startsWith(line, end, SRC)) return -1
    this.link = linkOf(line)
    // Only what stands behind it shows that nothing more belongs to it.
    this.#known.keep(line.bytes, at, end + SRC.length)
    return end
  }
}

const SRC = Buffer.from('SRC=')
/** Prefixes are up to 127 characters. */
const LONGEST_LINK = 256

const BLANK = 32
const HYPHEN = 45
const POINT = 46
const OPEN = 91
const CLOSE = 93
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
  return (code >= 97 && code <= 122) || isDigit(code) || (code >= 65 && code <= 90) || code === HYPHEN || code === POINT
}

/** Behind `[ 1261.704253] `, which imklog keeps, or -1. */
function behindUptime(bytes: Uint8Array, at: number): number {
  let end = at + 1
  while (bytes[end] === BLANK) end++
  const whole = end
  while (end < whole + 10 && isDigit(bytes[end])) end++
  if (end === whole || bytes[end] !== POINT) return -1
  for (let decimal = 1; decimal <= 6; decimal++) if (!isDigit(bytes[end + decimal])) return -1
  return bytes[end + 7] === CLOSE && bytes[end + 8] === BLANK ? end + 9 : -1
}

/** Nothing but printable ASCII, and no escape. */
function isPlain(bytes: Uint8Array, at: number, end: number): boolean {
  for (; at < end; at++) {
    const code = bytes[at]!
    if (code < BLANK || code >= DEL || code === BACKSLASH) return false
  }
  return true
}
